/** The six workload presets and what each is for. */
export const workloadPresets = {
  'config-llm-template': 'One pod per replica.',
  'config-llm-decode-template': 'One pod per replica that decodes what prefill pods have prepared.',
  'config-llm-prefill-template': 'One pod per replica that prefills for decode pods.',
  'config-llm-worker-data-parallel': 'A group of pods per replica with data parallelism.',
  'config-llm-decode-worker-data-parallel': 'A group of pods per replica with data parallelism that decodes what prefill pods have prepared.',
  'config-llm-prefill-worker-data-parallel': 'A group of pods per replica with data parallelism that prefills for decode pods.',
} as const;

/** One pod template of a workload preset, as the table of R2b.13 describes it. */
export interface Part {
  readonly pod: 'template' | 'worker';
  readonly prefill: boolean;
  readonly dataParallel: boolean;
  /** Port of the engine. Decode engines stand behind the routing sidecar, which takes 8000. */
  readonly port: 8000 | 8001;
  readonly sharedMemory: '1Gi' | '8Gi';
  readonly volumeOrder: readonly string[];
  readonly sidecar: boolean;
  /** Whether the engine also answers to `publishers/<namespace>/models/<model>`. */
  readonly publisherName: boolean;
  readonly randomDummyInputs: boolean;
  readonly terminationMessageFile: boolean;
}

/** The pod templates of one workload preset: a template, and for data parallelism a worker. */
export function partsOf(name: string): readonly Part[] {
  const dataParallel = name.endsWith('data-parallel');
  const prefill = name.startsWith('config-llm-prefill');
  const decode = name.startsWith('config-llm-decode');
  const pods = dataParallel ? (['template', 'worker'] as const) : (['template'] as const);
  return pods.map((pod) => ({
    pod,
    prefill,
    dataParallel,
    port: decode ? 8001 : 8000,
    sharedMemory: dataParallel ? '8Gi' : '1Gi',
    volumeOrder:
      name === 'config-llm-template'
        ? ['home', 'dshm', 'model-cache', 'tmp-dir', 'tls-certs']
        : ['home', 'tmp-dir', 'dshm', 'model-cache', 'tls-certs'],
    sidecar: decode && pod === 'template',
    // Clients compare these three with the reference, oddities included (R2b.10, R2b.13).
    publisherName: name !== 'config-llm-prefill-template',
    randomDummyInputs: decode && pod === 'worker',
    terminationMessageFile: name === 'config-llm-prefill-template',
  }));
}
