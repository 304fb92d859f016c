# --- Flags that depend on the engine's version (R2b.23).
read -ra version_line < <(vllm --version 2>/dev/null | tail -n 1)
VLLM_VERSION=${version_line[*]: -1}

at_least() { # at_least VERSION: false when the engine's version is not known
  [[ $VLLM_VERSION =~ ^[0-9]+\.[0-9]+ ]] && [ "$(printf '%s\n' "$1" "$VLLM_VERSION" | sort -V | head -n 1)" = "$1" ]
}

version_flags=(--disable-uvicorn-access-log)
if at_least 0.16.0; then
  version_flags=(--disable-access-log-for-endpoints /health,/metrics,/ping)
fi
echo "[access-log-detect] vLLM ${VLLM_VERSION:-of unknown version}: ${version_flags[*]}"

if at_least 0.18.0; then
  version_flags+=(--shutdown-timeout %SHUTDOWN_TIMEOUT%)
fi

kv_offload="%KV_TRANSFER_CONFIG%"
if at_least 0.22.0 && ! [[ "$VLLM_ADDITIONAL_ARGS $*" =~ --kv[-_]transfer[-_]config ]]; then
  eval "version_flags+=($kv_offload)"
fi
