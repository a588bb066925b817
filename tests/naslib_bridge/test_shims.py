"""Made-up packages named ``naslib``, each in a fresh interpreter, are mended in the right order."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

FILES = {
    "naslib/__init__.py": "from collections import Iterable",
    "naslib/utils/__init__.py": """
        import numpy as np
        from sklearn import metrics
        def count_parameters_in_MB(model):
            if model is not None:
                raise TypeError("numpy refuses")
        from naslib.utils.zerocost import metrics as theirs
    """,
    "naslib/utils/zerocost.py": "from sklearn import metrics",
    "naslib/user.py": "from naslib.utils import count_parameters_in_MB, metrics",
    "naslib/optimizers/__init__.py": "",
    "naslib/optimizers/core/__init__.py": "",
    "naslib/optimizers/core/metaclasses.py": """
        from abc import ABCMeta
        class MetaOptimizer(metaclass=ABCMeta):
            pass
    """,
    "naslib/optimizers/discrete/__init__.py": "",
    "naslib/optimizers/discrete/bp/__init__.py": "",
    "naslib/optimizers/discrete/bp/optimizer.py": """
        class BasePredictor:
            dataset = dataset_api = None
            def get_final_architecture(self):
                return self
            def query(self, metric, dataset, dataset_api=None):
                return metric.name
            def train_statistics(self, report_incumbent=True):
                return 1, 2, 3
    """,
    "naslib/optimizers/oneshot/__init__.py": "",
    "naslib/optimizers/oneshot/gsparsity/__init__.py": "",
    "naslib/optimizers/oneshot/gsparsity/optimizer.py": """
        from distutils.command.config import config
        from turtle import pos, position
    """,
    "naslib/predictors/__init__.py": "",
    "naslib/predictors/predictor.py": "class Predictor: pass",
    "naslib/predictors/seminas.py": "import numpy as np",
    "naslib/search_spaces/__init__.py": "",
    "naslib/search_spaces/transbench101/__init__.py": "",
    "naslib/search_spaces/transbench101/api.py": "import torch",
    # small libraries, so that nothing heavy is imported
    "numpy/__init__.py": "class floating: pass",
    "sklearn/__init__.py": "",
    "sklearn/metrics.py": """
        def mean_squared_error(a, b):
            return 4
        def root_mean_squared_error(a, b):
            return 2
    """,
    "torch/__init__.py": """
        from types import SimpleNamespace
        def load(path, weights_only=None):
            return path, weights_only
        defined = []
        class ops:
            class torchvision:
                pass
        class library:
            class Library:
                def __init__(self, name, kind):
                    pass
                def define(self, schema):
                    defined.append(schema.partition("(")[0])
        class nn:
            def Linear(inputs, outputs):
                return "a layer"
    """,
    "torchvision/__init__.py": "from torchvision import _meta_registrations",
    "torchvision/_meta_registrations.py": "import torch; at_import = list(torch.defined)",
}


@pytest.fixture
def home(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(line[8:] if line.startswith(" " * 8) else line for line in text.split("\n")))
    return tmp_path / "home"


def run(home, script, **environment):
    """The JSON that ``script`` prints last."""
    paths = [str(REPOSITORY), *([] if "NASLIB_HOME" in environment else [str(home)])]
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys\n" + script],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths), **environment},
        cwd=home.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_nothing_heavy_is_imported_for_them(home):
    script = "import naslib_ext; print(json.dumps([m for m in ('naslib', 'torch', 'numpy') if m in sys.modules]))"
    assert run(home, script) == []


def test_before_the_package_is_executed(home):
    """Its ``__init__`` imports ``collections.Iterable``."""
    assert run(home, "import naslib_ext, naslib; print(json.dumps(hasattr(naslib, 'Iterable')))")


def test_before_names_are_copied(home):
    script = """
import naslib_ext, naslib.user
class Model:
    def named_parameters(self):
        class Values:
            def numel(self): return 3_000_000
        return [("weight", Values()), ("auxiliary.weight", Values())]
error, theirs = naslib.user.metrics.mean_squared_error, naslib.utils.theirs.mean_squared_error
print(json.dumps([naslib.user.count_parameters_in_MB(Model()), error(1, 2), error(1, 2, squared=False),
                  theirs(1, 2, squared=False)]))
"""
    assert run(home, script) == [3.0, 4, 2, 2]


def test_libraries_stay_as_they_are(home):
    script = """
import naslib_ext, sklearn.metrics, numpy, torch, inspect
import naslib.utils, naslib.predictors.seminas as seminas, naslib.search_spaces.transbench101.api as api
print(json.dumps([str(inspect.signature(sklearn.metrics.mean_squared_error)), hasattr(numpy, "int"),
                  seminas.np.int(2.5), seminas.np.floating is numpy.floating, api.torch.load("f"), torch.load("f")]))
"""
    assert run(home, script) == ["(a, b)", False, 2, True, ["f", False], ["f", None]]


@pytest.mark.parametrize("order", ["naslib_ext naslib", "naslib naslib_ext"])
def test_ours_become_theirs_in_either_order(home, order):
    (home / "naslib/__init__.py").write_text("")
    theirs = "import naslib.optimizers.core.metaclasses as core, naslib.predictors.predictor as predictor"
    lines = {"naslib_ext": "import naslib_ext", "naslib": theirs}
    script = (
        "\n".join(lines[name] for name in order.split())
        + """
from naslib_ext.naslib_bridge import base
print(json.dumps([issubclass(base.MetaOptimizer, core.MetaOptimizer), issubclass(base.Predictor, predictor.Predictor)]))
"""
    )
    assert run(home, script) == [True, True]


@pytest.mark.parametrize("order", ["naslib_ext naslib", "naslib naslib_ext"])
def test_one_shot_methods_take_graphs_in_either_order(home, order):
    """Without a word about the room that knows how; here with the real torch."""
    for library in ("torch", "numpy", "sklearn", "torchvision"):
        shutil.rmtree(home / library)
    (home / "naslib/__init__.py").write_text("")
    (home / "naslib/search_spaces/core").mkdir()
    (home / "naslib/search_spaces/core/__init__.py").write_text("")
    (home / "naslib/search_spaces/core/graph.py").write_text("class Graph:\n    def clone(self):\n        pass\n")
    lines = {"naslib_ext": "import naslib_ext", "naslib": "import naslib.search_spaces.core.graph"}
    script = (
        "\n".join(lines[name] for name in order.split())
        + """
from naslib.search_spaces.core.graph import Graph
from naslib_ext.optimizers.one_shot.adapting import as_supernet
class Cells(Graph): pass
print(json.dumps(as_supernet.dispatch(Cells).__module__))
"""
    )
    assert run(home, script) == "naslib_ext.naslib_bridge.adapters.graph_supernet"


def test_loaded_before_us_is_mended_in_place(home):
    (home / "naslib/__init__.py").write_text("")
    script = """
import naslib.user, naslib.optimizers.discrete.bp.optimizer as bp
import naslib_ext, collections
print(json.dumps([naslib.user.count_parameters_in_MB is naslib.utils.count_parameters_in_MB,
                  naslib.utils.count_parameters_in_MB.__module__, bp.BasePredictor().train_statistics(True),
                  naslib.utils.metrics.mean_squared_error(1, 2, squared=False), hasattr(collections, "Iterable")]))
"""
    assert run(home, script) == [True, "naslib_ext.naslib_bridge.mends", [1, 2, 3, "TRAIN_TIME"], 2, True]


def test_mends_that_are_not_needed(home):
    (home / "naslib/utils/__init__.py").write_text(
        "from sklearn import metrics\ndef count_parameters_in_MB(model): return 2e-6"
    )
    (home / "sklearn/metrics.py").write_text("def mean_squared_error(a, b, squared=True): return 4")
    (home / "numpy/__init__.py").write_text("int = 'its own'")
    (home / "torch/__init__.py").write_text("def load(path): return path\nclass nn:\n def Linear(i, o): pass")
    script = """
import naslib_ext, torch, numpy, sklearn.metrics
import naslib.utils, naslib.predictors.seminas as seminas, naslib.search_spaces.transbench101.api as api
print(json.dumps([naslib.utils.count_parameters_in_MB.__module__, naslib.utils.metrics is sklearn.metrics,
                  seminas.np is numpy, api.torch is torch]))
"""
    assert run(home, script) == ["naslib.utils", True, True, True]


def test_operators_are_declared_for_naslib_only(home):
    script = "import naslib_ext{}, torchvision; print(json.dumps(torchvision._meta_registrations.at_import))"
    assert run(home, script.format(", naslib")) == ["nms", "qnms"]
    assert run(home, script.format("")) == []


def test_operators_that_exist_are_left_alone(home):
    text = (home / "torch/__init__.py").read_text()
    (home / "torch/__init__.py").write_text(text + "ops.torchvision.nms = ops.torchvision.qnms = print\n")
    script = "import naslib_ext, naslib, torchvision; print(json.dumps(torchvision._meta_registrations.at_import))"
    assert run(home, script) == []


def test_needless_imports_of_gsparsity(home):
    for name in ("turtle", "distutils"):
        (home / f"{name}.py").write_text("raise ImportError('not on this machine')")
    script = """
import naslib_ext, naslib.optimizers.oneshot.gsparsity.optimizer as gsparsity
print(json.dumps([gsparsity.pos, gsparsity.config, "turtle" in sys.modules]))
"""
    assert run(home, script, SETUPTOOLS_USE_DISTUTILS="stdlib") == [None, None, False]


def test_naslib_home(home):
    script = "import naslib_ext, naslib; print(json.dumps([naslib.__file__, sys.path[-1]]))"
    found = run(home, script, NASLIB_HOME=str(home))
    assert found == [str(home / "naslib/__init__.py"), str(home)]


def test_path_goes_before_naslib_home(home, tmp_path):
    nearer = tmp_path / "naslib"
    nearer.mkdir()
    (nearer / "__init__.py").write_text("")
    script = "import naslib_ext, naslib; print(json.dumps(naslib.__file__))"
    assert run(home, script, NASLIB_HOME=str(home)) == str(nearer / "__init__.py")


@pytest.mark.parametrize("folder", ["", "/no/such/folder"])
def test_no_naslib_anywhere(home, folder):
    script = """
import naslib_ext, importlib.util
path = list(sys.path)
try:
    import naslib
except ModuleNotFoundError as error:
    print(json.dumps([error.name, sys.path == path]))
"""
    assert run(home, script, NASLIB_HOME=folder) == ["naslib", True]


def test_install_is_idempotent_and_modules_keep_their_loader(home):
    script = """
import naslib_ext, inspect
from naslib_ext.naslib_bridge import shims
shims.install()
import naslib.utils
print(json.dumps([sum(isinstance(finder, shims.NaslibFinder) for finder in sys.meta_path),
                  type(naslib.utils.__loader__).__name__, "sklearn" in inspect.getsource(naslib.utils)]))
"""
    assert run(home, script) == [1, "SourceFileLoader", True]


def test_each_mend_is_logged_once(home):
    script = """
import logging, naslib_ext
messages = []
class Handler(logging.Handler):
    def emit(self, record): messages.append(record.getMessage())
logging.getLogger("naslib_ext").addHandler(Handler())
logging.getLogger("naslib_ext").setLevel(logging.INFO)
import naslib.utils, naslib.user, naslib
print(json.dumps(messages))
"""
    messages = run(home, script)
    assert len(messages) == len(set(messages)) == 4
    assert all(message.startswith("NASLib: ") for message in messages)
