# --- Leader address. Some engine versions cannot bind their message queue to a DNS name, so the name is resolved here (R2b.20).
DP_ADDRESS=
for ((attempt = 1; attempt <= ${DP_ADDRESS_RESOLVE_ATTEMPTS:-30}; attempt++)); do
  read -r DP_ADDRESS _ < <(getent hosts "$LWS_LEADER_ADDRESS")
  [ -n "$DP_ADDRESS" ] && break
  echo "[leader-address] attempt $attempt: $LWS_LEADER_ADDRESS does not resolve yet"
  sleep 1
done
if [ -z "$DP_ADDRESS" ]; then
  echo "[leader-address] warning: $LWS_LEADER_ADDRESS did not resolve, using the name itself"
  DP_ADDRESS=$LWS_LEADER_ADDRESS
fi
