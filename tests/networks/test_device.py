"""Where networks run; the GPUs are made up."""

import pytest
import torch

from naslib_ext.errors import ConfigError
from naslib_ext.networks.device import named_device, precision, require


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    for there, kind in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert named_device("auto").type == kind
    assert named_device("cpu") == torch.device("cpu") and named_device("cuda:1").index == 1


def test_devices_that_are_not_there(monkeypatch):
    with pytest.raises(ConfigError, match="'gpu'"):
        named_device("gpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert require(torch.device("cuda")) == torch.device("cuda") and require(torch.device("cpu")).type == "cpu"
    with pytest.raises(ConfigError, match="no cuda:1 here"):
        require(torch.device("cuda:1"))


def test_bfloat16_is_for_gpus_that_compute_in_it(monkeypatch):
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert not precision(cpu)._enabled and precision(cpu, True)._enabled
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    for computes in (False, True):

        def supported(including_emulation=True, computes=computes):
            return computes or including_emulation

        monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
        assert precision(gpu)._enabled == computes
        assert not precision(gpu, False)._enabled
