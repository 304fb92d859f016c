/**
 * How many services one core assembles per second: `node bench/assemble.ts [seconds]`. Presets stay the same objects, as in a
 * cache; the service is a new object every time, as from a watch.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { applyDefaults } from '../api/default.ts';
import { type Answer, answer, type Question } from '../api/inquiry.ts';
import { defaultOptions } from '../api/options.ts';
import { isRejection } from '../api/rejection.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig, LLMInferenceServiceSpec, PodTemplate } from '../api/types.ts';
import { assemble } from '../assemble/assemble.ts';
import { parseSettings } from '../assemble/parse-settings.ts';
import { pinPresets } from '../assemble/preset-names.ts';

const directory = join(import.meta.dirname, '../presets');
const presets = new Map<string, LLMInferenceServiceConfig>();
for (const file of readdirSync(directory).filter((name) => name.endsWith('.yaml'))) {
  const preset: LLMInferenceServiceConfig = parse(readFileSync(join(directory, file), 'utf8'));
  presets.set(`${defaultOptions.systemNamespace}/${preset.metadata.name}`, preset);
}

const settings = parseSettings(
  {
    ingress: JSON.stringify({ ingressGateway: 'x', kserveIngressGateway: 'kserve/gateway', enableLLMInferenceServiceTLS: true }),
    storageInitializer: JSON.stringify({ memoryRequest: '100Mi', memoryLimit: '1Gi', cpuRequest: '100m', cpuLimit: '1' }),
  },
  defaultOptions.systemNamespace,
);
if (isRejection(settings)) throw new Error(settings.message);

const gpus = (count: string): PodTemplate => ({
  containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': count, memory: '64Gi' }, requests: { cpu: '4' } } }],
});
const model = { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' };
const router = { route: {}, gateway: {}, scheduler: {} };
const shapes: Record<string, LLMInferenceServiceSpec> = {
  'single node': { model, replicas: 2, parallelism: { tensor: 2 }, template: gpus('2') },
  'single node with router': { model, replicas: 2, template: gpus('1'), router },
  'prefill and decode with router': { model, replicas: 2, template: gpus('2'), prefill: { replicas: 1, template: gpus('1') }, router },
  'data parallel': { model, parallelism: { data: 8, dataLocal: 4, expert: true }, template: gpus('4'), worker: gpus('4'), router },
};

function respond(question: Question): Answer {
  if (question.ask !== 'get') return [];
  return presets.get(`${question.namespace}/${question.name}`) as Answer;
}

function assembleOne(text: string): void {
  const service = applyDefaults(JSON.parse(text) as LLMInferenceService);
  const annotations = { ...pinPresets(undefined, defaultOptions) };
  const result = answer(
    assemble({ ...service, status: { annotations } }, settings as Exclude<typeof settings, { rejected: true }>, defaultOptions),
    respond,
  );
  if (isRejection(result)) throw new Error(result.message);
}

const seconds = Number(process.argv[2] ?? 3);
for (const [name, spec] of Object.entries(shapes)) {
  const text = JSON.stringify({
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceService',
    metadata: { name: 'svc', namespace: 'ns' },
    spec,
  });
  for (let i = 0; i < 500; i += 1) assembleOne(text);
  const start = process.cpuUsage();
  let count = 0;
  let used = 0;
  while (used < seconds * 1e6) {
    for (let i = 0; i < 100; i += 1) assembleOne(text);
    count += 100;
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
  console.log(`${name}: ${Math.round(count / (used / 1e6))} services per CPU second`);
}
