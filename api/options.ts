/** What is fixed for the life of one operator process (R1.93, R5.1). */
export interface Options {
  /** Namespace of the operator, its presets and its ConfigMap (`POD_NAMESPACE`). */
  readonly systemNamespace: string;
  /** Prefix of preset names (`LLM_INFERENCE_SERVICE_CONFIG_PREFIX`). */
  readonly presetPrefix: string;
  /** Whether preset names are pinned in `status.annotations` (`LLM_INFERENCE_SERVICE_VERSIONED_CONFIG`). */
  readonly pinPresets: boolean;
  /** Whether deleting a well-known config in the system namespace is refused (`PREVENT_WELL_KNOWN_CONFIG_DELETION`). */
  readonly protectPresets: boolean;
  /** Label put in place of `*` in a wildcard host name (`GATEWAY_API_WILDCARD_HOSTNAME`). */
  readonly wildcardHostname: string;
  /** DNS domain of the cluster (`CLUSTER_DOMAIN`, else the resolver file, else `cluster.local`). */
  readonly clusterDomain: string;
  /** Whether a service is only ready when its autoscalers work (`LLMISVC_READY_NEEDS_SCALING`, 06 §12 item 12). */
  readonly readyNeedsScaling: boolean;
  /**
   * Prefixes of the labels and annotations that others may put on HorizontalPodAutoscalers and ScaledObjects of services; all others are
   * removed (`LLMISVC_KEPT_AUTOSCALER_KEYS`, 06 §12 item 6).
   */
  readonly keptAutoscalerKeys: readonly string[];
}

export const defaultOptions: Options = {
  systemNamespace: 'kserve',
  presetPrefix: 'kserve-',
  pinPresets: true,
  protectPresets: true,
  wildcardHostname: 'inference',
  clusterDomain: 'cluster.local',
  readyNeedsScaling: true,
  keptAutoscalerKeys: [],
};
