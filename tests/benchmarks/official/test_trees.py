"""Foreign tree models, among them bytes that an old xgboost wrote: today's xgboost gives the old one's predictions."""

import base64
import pickle
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import xgboost

from naslib_ext.benchmarks.official.trees import OFFSET, read_model
from naslib_ext.errors import DataFileError

ROWS = np.array([[i % 3 - 1, i % 5, i % 7, (i * i) % 4, i % 2] for i in range(40)], dtype=np.float32)

OLD = (
    "c-"
    "qaDZAep57{||EeSut}<e;K;zZq7<Y|)VWveK}!q*5%Tz3819>eju>UPPIL()^@ESrH@=Ng5@U)Q5JrBr;NqkfIV|eegpO3PBVl)j"
    "4Myo_p5k*aMeyp6C3}IQRU2Ja^mn?kOwZvEJwP%3{F2m<e!rnp(X8+;<q_DbNt37X05>o){&u!7d*?=9a{IQIdR;F;Q>u1SC<^5v"
    "NSYKxfN>k3Nwb(%?*gU?d%d_ZNf%2cMvB>71w*NorA``NI5f4(<ykYiMq@7DP0J4%McoR&hE)hk{`o5gnmJu`u5n)>FE|T9cxubl"
    "3eYoZs5*0KnqN8=FLD1uxI}1ONsFkNFI{^kyix@$vZ`sEfgQ4StVe>qj`RgnL{Zq31`2dn3fvz<fBolm_|fsoe^}q;UDtO)lxH2|"
    "n3r>Z=BO7{$IO?-6-ot3Dr2p4S-HLY<4(P(I8!7ZnZV!|?ktR!iv6Z+G{f;<S|iZ~QA++W*|S42AaJdOI&d`_E{dVcLK1_&3%-"
    "=|&gwIRmA;;2-3Slx})(vtp!lPfIVdr+2Lr5Kk{Ajo457vKh!nP#CCwjqhi?9KiLckZtwh^}fa_#F-"
    "#%FUGuNnmSQksG8H@_0h*);OG)ce%{4-sA~X@7U5IQVOGT#;~;p7^0PnosrlP^HLP0i-"
    "AM2n<1J4PsB`Nak@Gxw)TNN?e9t?U<TWSFcqQ4q^-"
    "#wG%0Dn^Q)q3)uUVGn^{nk#3a?eM0u`^ArHsz7meLtb8&djJK>sy`*V?y*3eD?CuQ`QRSKCAiulIUbh31ucu%D%Qt*Cs?(!9!{Ml"
    "QE+kw?7N7nNW?C(LC$>UW?&gzu-eYXs+8)~?1p#9j?S9WQvaCd}80{6leGzt`aX_41l{f0W1Kyk+-"
    "ss6R%BP7pi+;mU`ih^il6lN43|{CqG>@@F}jqw23gbC06pd+Pv8@)-"
    ";*=SbeO@^5he`i6qUcNB%sb408QG_{GPi9$Qm>TVGkJ463hV2V)5+3b^Lr{68PTNrygBiFf`MW^2<JCBP^4UGY~Zxhqe@fRyBk46"
)
"""xgboost 1.2.0 on ``ROWS`` with the target ``90 + ROWS @ [1, 0.5, -0.25, 0.75, 2]`` and the settings max_depth 3,
base_score 90, eta 0.7, gamma 8 (so that nodes are pruned), 3 trees: the binary part of a booster's ``handle``."""

OLD_PREDICTIONS = [89.465087890625, 92.0473861694336, 91.71991729736328, 93.09908294677734,
                   90.89292907714844, 92.0473861694336, 89.465087890625, 93.09908294677734]  # fmt: skip
"""What xgboost 1.2.0 and 1.0.2 predict for the first eight rows."""

LIGHTGBM = """tree
version=v4
num_class=1

Tree=0
num_leaves=3
num_cat=0
split_feature=3 0
threshold=1.0000000180025095e-35 -1.0000000180025095e-35
decision_type=2 2
left_child=1 -1
right_child=-2 -3
leaf_value=89.814375054836262 92.580625008083871 91.148990385177044
shrinkage=1


Tree=1
num_leaves=3
num_cat=0
split_feature=1 2
threshold=1.5000000000000002 3.5000000000000004
decision_type=2 2
left_child=-1 -2
right_child=1 -3
leaf_value=-0.44837020626291629 0.6613653685897587 -0.20851924180984496
shrinkage=0.7


end of trees

feature_importances:
"""
"""What lightgbm 4.7 writes for the same target with three leaves, learning rate 0.7 and two trees."""

LIGHTGBM_PREDICTIONS = [89.36600484857334, 92.13225480182095, 91.8103557537668, 93.24199037667363,
                        90.9404711433672, 92.13225480182095, 89.36600484857334, 93.24199037667363]  # fmt: skip


def old_handle() -> bytes:
    return zlib.decompress(base64.b85decode(OLD))


def pickled(handle: bytes, module: str = "xgboost.core") -> bytes:
    """A booster's pickle, as ``pickle.dump`` writes it: class, attributes, handle."""
    value = b"B" + struct.pack("<I", len(handle)) + handle
    return b"\x80\x04c" + module.encode() + b"\nBooster\n)\x81}X\x06\x00\x00\x00handle" + value + b"sb."


def read(tmp_path: Path, data: bytes, num_features: int = 5) -> xgboost.Booster:
    path = tmp_path / "surrogate_model.model"
    path.write_bytes(data)
    return read_model(path, num_features)


def test_bytes_of_an_old_xgboost(tmp_path: Path) -> None:
    """As a pickle, and as the model file that the pickle holds, with and without its first word."""
    handle = old_handle()
    binary = handle[len(OFFSET) + 8 :]
    assert handle.startswith(OFFSET) and binary.startswith(b"binf")
    for data in (pickled(handle), handle, binary, binary[4:]):
        predictions = read(tmp_path, data).inplace_predict(ROWS[:8])
        np.testing.assert_allclose(predictions, OLD_PREDICTIONS, rtol=2e-7)  # sums in another order


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    target = 90 + ROWS @ np.array([1, 0.5, -0.25, 0.75, 2], dtype=np.float32)
    settings = {"max_depth": 4, "nthread": 1, "base_score": 90}
    return xgboost.train(settings, xgboost.DMatrix(ROWS, target), 20)


@pytest.mark.parametrize("form", ["pickle", "json", "ubj"])
def test_files_of_the_installed_xgboost(tmp_path: Path, booster: xgboost.Booster, form: str) -> None:
    data = pickle.dumps(booster) if form == "pickle" else bytes(booster.save_raw(form))
    np.testing.assert_array_equal(read(tmp_path, data).inplace_predict(ROWS), booster.inplace_predict(ROWS))


def test_text_of_lightgbm(tmp_path: Path) -> None:
    text = LIGHTGBM.encode()
    data = pickled(text, "lightgbm.basic").replace(
        b"B" + struct.pack("<I", len(text)), b"X" + struct.pack("<I", len(text))
    )
    np.testing.assert_allclose(read(tmp_path, data).inplace_predict(ROWS[:8]), LIGHTGBM_PREDICTIONS, rtol=1e-6)


def test_a_pickle_of_lightgbm(tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="pip install lightgbm")
    target = 90 + ROWS @ np.array([1, 0.5, -0.25, 0.75, 2])
    settings = {"num_leaves": 4, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 3}
    model = lightgbm.train(settings, lightgbm.Dataset(ROWS, target), 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model.predict(ROWS)
    np.testing.assert_allclose(read(tmp_path, pickle.dumps(model)).inplace_predict(ROWS), expected, rtol=1e-5)


# files that are not as they should be


def test_cut_short_or_changed(tmp_path: Path) -> None:
    handle = old_handle()
    for kept in (0, 10, 30, 200, 400, 700, 900):
        with pytest.raises(DataFileError, match=r"surrogate_model\.model"):
            read(tmp_path, handle[:kept])
    with pytest.raises(DataFileError, match=r"surrogate_model\.model.*5 features"):
        read(tmp_path, handle, 6)
    with pytest.raises(DataFileError, match=r"surrogate_model\.model.*objective"):
        read(tmp_path, handle.replace(b"reg:squarederror", b"binary:logistic_"))
    with pytest.raises(DataFileError, match="no such file"):
        read_model(tmp_path / "nowhere.model", 5)
    with pytest.raises(DataFileError, match="holds no booster"):
        read(tmp_path, pickle.dumps([1, 2]))


def test_nodes_that_form_no_tree(tmp_path: Path, booster: xgboost.Booster) -> None:
    """A child outside the tree, or a circle, would make the prediction read foreign memory or never end."""
    import json

    for children in ([99, -1, -1], [0, -1, -1], [1, 0, -1], [2, -1, -1]):
        model = json.loads(bytes(booster.save_raw("json")))
        tree = model["learner"]["gradient_booster"]["model"]["trees"][0]
        tree["left_children"], tree["right_children"] = children, [2, 2 if children[1] >= 0 else -1, -1]
        for name in ("split_indices", "split_conditions", "default_left"):
            tree[name] = tree[name][:3]
        with pytest.raises(DataFileError, match="form a tree"):
            read(tmp_path, json.dumps(model).encode())
