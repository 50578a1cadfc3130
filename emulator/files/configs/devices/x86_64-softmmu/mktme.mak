# SPDX-License-Identifier: GPL-2.0-or-later
#
# The devices of the TME-MK test machine and nothing else.

CONFIG_Q35=y
CONFIG_NVDIMM=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
CONFIG_ISA_DEBUG=y
