"""DSM-NAS (Chen et al., 2024): Tables II and IV, Figures 4 to 9."""

from naslib_ext.experiments.reproduction.dsm_nas import ablations, distances, searches
from naslib_ext.experiments.reproduction.entry import Paper

ABSENT = """* **ImageNet16-120 in Table II**: the table at hand does not hold that data set.
* **PNAS and CNAS in Table II**: their controllers are not part of this package.
* **ENAS, DARTS, SETN, GDAS, DSNAS, PC-DARTS, DARTS-, EZNAS, GradSign and ZiCO in Table II**: they train a supernet
  or run networks on images.
* **Table III (NAS-Bench-360)**: needs its files of ninapro and darcyflow (docs/tables.md imports them); what is at
  hand has neither.
* **Trained accuracies in Table IV**: training on ImageNet, on GPUs; the released architectures are not at hand.
* **Numbers of new subspaces (319 and 284, Figure 8a)**: finished runs keep curves and final centres, not every
  centre on the way.
* **Search times (sections V-B and VI-A)**: a matter of the machine; docs/dsm_nas.md has ours.
* **Table I, Figures 1 to 3**: notation and drawings."""

PAPER = Paper(
    "dsm-nas",
    "DSM-NAS: Automated Dominative Subspace Mining for Efficient Neural Architecture Search",
    (*searches.ENTRIES, *distances.ENTRIES, *ablations.ENTRIES),
    ABSENT,
)
