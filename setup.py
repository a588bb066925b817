"""Packaging of naslib_ext. NASLib itself is not on the package index: extra ``[naslib]`` installs what it imports."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "naslib_ext/__init__.py").read_text()).group(1)

EXTRAS = {
    "ray": ["ray>=2.9"],
    "images": ["scikit-learn>=1.3"],
    # the benchmarks' own packages; `data import` needs none of them, its tests compare with them
    "benchmarks": ["lightgbm>=4", "nas-bench-201>=2.1", "nats_bench>=1.8", "protobuf>=4"],
    "bo": ["optuna>=3.5", "scikit-learn>=1.3"],
    "naslib": [
        "ConfigSpace", "emcee", "fvcore", "ipykernel", "ipywidgets", "lightgbm", "nbformat", "networkx", "ngboost",
        "pytorch-msssim", "pyro-ppl", "pyzmq", "scikit-image", "scikit-learn", "seaborn", "six", "tabulate",
        "tensorboard", "termcolor", "tornado", "transforms3d",
    ],
    "dev": ["hypothesis", "mypy", "pytest", "pytest-xdist", "ruff", "types-PyYAML"],
}  # fmt: skip

setup(
    name="naslib_ext",
    version=VERSION,
    description="Neural architecture search methods that NASLib lacks, inside NASLib and without it",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["naslib_ext", "naslib_ext.*"]),
    package_data={"naslib_ext": ["data/*", "experiments/*.html", "py.typed"]},
    install_requires=[
        "matplotlib>=3.8",
        "numpy>=1.26",
        "pyyaml>=6",
        "scipy>=1.11",
        "torch>=2.2",
        "tqdm>=4.60",
        # the same package without 300 MB of CUDA libraries
        "xgboost-cpu>=2.1",
    ],
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["naslib-ext = naslib_ext.cli:main"]},
    classifiers=[
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
