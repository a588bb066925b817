"""LISSNAS (Gopal et al., IJCAI 2023): Tables 1 and 4 to 11, Figures 2, 4, 5, 7 and 8."""

from naslib_ext.experiments.reproduction.entry import Paper
from naslib_ext.experiments.reproduction.lissnas import ablations, distributions, locality, shrunk_spaces

NOTE = """Every shrinkage method has the same labels (200 or 300, part of them random) and the same predictor, a
Gaussian process on structure features; the paper has 10,000 labels and XGBoost. NAS-Bench-101 and 301 are surrogates
fitted here on parts of the tables, one seed each. *nasbench_macro*, a chain of blocks, is nearest to ShuffleNetV2 among
the tables at hand."""

ABSENT = """* **Table 2**: a search in FairNAS's space with a supernet on ImageNet, on GPUs.
* **Table 3**: Pearson correlations and accuracies of supernets trained on the shrunk spaces; needs images and GPUs.
* **ShuffleNetV2 in Tables 1, 4, 6 and 7 and Figures 2, 4 and 5**: its accuracies come from a supernet on ImageNet,
  which is not at hand; `shufflenetv2` is a space of this package and takes a table of your own.
* **AnyNetX and DDS in Table 5**: the space is not part of this package, and DDS is done by hand.
* **Figures 1, 3 and 6**: drawings."""

PAPER = Paper(
    "lissnas",
    "LISSNAS: Locality-based Iterative Search Space Shrinkage for Neural Architecture Search",
    (*locality.ENTRIES, *shrunk_spaces.ENTRIES, *ablations.ENTRIES, *distributions.ENTRIES),
    ABSENT,
    NOTE,
)
