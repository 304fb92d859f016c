import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Container, PodSpec } from '../../../api/kubernetes.ts';
import type { LLMInferenceServiceConfig, LLMInferenceServiceSpec, WorkloadSpec } from '../../../api/types.ts';

const directory = join(import.meta.dirname, '../../../presets');

export const presetFiles = readdirSync(directory).filter((file) => file.endsWith('.yaml'));

/** The preset of a file in presets/, as it is stored on a cluster: with its template actions. */
export function preset(name: string): LLMInferenceServiceConfig & { spec: LLMInferenceServiceSpec } {
  return parse(readFileSync(join(directory, `${name}.yaml`), 'utf8'));
}

/** The half of a workload preset that holds the pods. */
export function workloadOf(name: string): WorkloadSpec {
  const { spec } = preset(name);
  return name.startsWith('config-llm-prefill') ? spec.prefill! : spec;
}

export function podOf(name: string, pod: 'template' | 'worker'): PodSpec {
  return workloadOf(name)[pod] as PodSpec;
}

export function containerOf(pod: PodSpec, name = 'main'): Container {
  return [...pod.containers, ...(pod.initContainers ?? [])].find((container) => container.name === name)!;
}

/** `{{ if <TLS> }}on{{ else }}off{{ end }}` as the presets write it. */
export const withTls = (on: string, off = ''): string => `{{ if .GlobalConfig.EnableTLS }}${on}${off === '' ? '' : `{{ else }}${off}`}{{ end }}`;

export const childName = (suffix: string): string => `{{ ChildName .ObjectMeta.Name \`${suffix}\` }}`;
