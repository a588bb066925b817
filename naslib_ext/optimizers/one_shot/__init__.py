"""One-shot search: methods that train the weights of a supernet and an architecture's distribution side by side.

They have NASLib's step protocol and run in NASLib's ``Trainer`` on its graphs, and in ``OneShotTrainer`` on a
``Supernet``. A method is one file that subclasses ``OneShotOptimizer``.
"""
