# --- RoCE discovery: which adapters are up, and which GID index they talk on (R2b.21).
roce_log() { echo "[Infer RoCE] $*"; }

default_to() { # default_to VALUE NAME...: exports each variable that is unset or empty
  local value=$1 name
  shift
  for name; do
    [ -n "${!name}" ] || export "$name=$value"
    roce_log "$name=${!name}"
  done
}

infer_roce() { # infer_roce DIRECTORY: the InfiniBand class directory of sysfs
  local devices=$1 pattern=${KSERVE_INFER_IB_GID_INDEX_GREP:-RoCE v2}
  local adapter file index best= most=0 names=() uses=()

  roce_log "GIDs, their types, and the parameters of the NVIDIA driver:"
  grep -H '' "$devices"/*/ports/*/gids/* "$devices"/*/ports/*/gid_attrs/types/* /proc/driver/nvidia/params 2>/dev/null

  for adapter in "$devices"/mlx5_*; do
    grep -q ACTIVE "$adapter/ports/1/state" 2>/dev/null || continue
    grep -q -e "$pattern" "$adapter"/ports/1/gid_attrs/types/* 2>/dev/null || continue
    names+=("${adapter##*/}")
  done
  if [ ${#names[@]} -eq 0 ]; then
    roce_log "warning: no active mlx5 adapter has a GID of type '$pattern'"
    return
  fi
  default_to "$(IFS=,; echo "${names[*]}")" NCCL_IB_HCA
  default_to "$(IFS=,; echo "${names[*]/%/:1}")" NVSHMEM_HCA_LIST UCX_NET_DEVICES

  # An adapter votes for the first index that has the type and holds an address mapped from IPv4.
  for adapter in "${names[@]}"; do
    for file in "$devices/$adapter"/ports/1/gid_attrs/types/*; do
      index=${file##*/}
      grep -q -e "$pattern" "$file" 2>/dev/null || continue
      grep -q ffff: "$devices/$adapter/ports/1/gids/$index" 2>/dev/null || continue
      roce_log "$adapter uses GID index $index"
      uses[index]=$((${uses[index]:-0} + 1))
      break
    done
  done
  # Most votes win. On a tie index 3, where RoCE v2 usually is, else the lowest.
  for index in "${!uses[@]}"; do
    ((uses[index] > most)) && most=${uses[index]} best=$index
  done
  ((most > 0 && ${uses[3]:-0} == most)) && best=3

  if [ -n "$NCCL_IB_GID_INDEX" ]; then
    default_to "$NCCL_IB_GID_INDEX" NVSHMEM_IB_GID_INDEX UCX_IB_GID_INDEX
  elif [ -n "$best" ]; then
    default_to "$best" NCCL_IB_GID_INDEX NVSHMEM_IB_GID_INDEX UCX_IB_GID_INDEX
  else
    roce_log "error: no GID index with type '$pattern' and an IPv4 address"
  fi
}

if [ "$KSERVE_INFER_ROCE" = true ]; then
  infer_roce /sys/class/infiniband
fi
