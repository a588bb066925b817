import numpy as np
import pytest

from naslib_ext.errors import ConfigError
from naslib_ext.networks import build_network
from naslib_ext.networks.layerwise import build_layerwise_network
from naslib_ext.networks.supernet import build_supernet
from naslib_ext.search_spaces import get_search_space
from naslib_ext.search_spaces.layerwise import LayerwiseSearchSpace

CELL = [2, 3, 0, 4, 2, 3]
STACK = LayerwiseSearchSpace(get_search_space("nasbench201"), 2)
BUILDERS = {
    "network": lambda **sizes: build_network("nasbench201", CELL, **sizes),
    "supernet": lambda **sizes: build_supernet("nasbench201", **sizes),
    "layerwise": lambda **sizes: build_layerwise_network(STACK, CELL * 2, **{"stages": 1, **sizes}),
}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("value", [0, -1, 2.5, "4", True, None])
def test_a_number_of_things_is_a_positive_integer(name, value):
    with pytest.raises(ConfigError, match=r"size 'init_channels' of nasbench201.*: expected a positive integer"):
        BUILDERS[name](init_channels=value)


@pytest.mark.parametrize("name", BUILDERS)
def test_names_are_checked_and_numpys_integers_are_taken(name):
    with pytest.raises(ConfigError, match="did you mean 'init_channels'"):
        BUILDERS[name](init_chanels=4)
    assert BUILDERS[name](init_channels=np.int64(4), num_classes=3).classifier.out_features == 3


def test_other_sizes_are_the_networks_own():
    assert build_network("mobilenet", [1] * 20, width=0.5, num_classes=4).classifier[-1].out_features == 4
