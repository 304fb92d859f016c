import type { Container, KubeObject } from '../../api/kubernetes.ts';
import { labels } from '../../api/metadata.ts';
import type { PodTemplate } from '../../api/types.ts';
import { startContainer } from './container-start.ts';
import { parseServe, type ServeArguments } from './vllm-arguments.ts';

/** An inference server of some pod template, started as a kubelet would start it. */
export interface Engine extends ServeArguments {
  readonly podSpec: PodTemplate;
  readonly container: Container;
}

interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: PodTemplate;
}

/** As the LeaderWorkerSet controller numbers the first worker. */
const WORKER_INDEX = '1';

/**
 * The engines of all serving pods among the objects, by the name of their object; in a LeaderWorkerSet `<name> leader` and `<name> worker`.
 *
 * @throws when a start script does not get to the engine, or vLLM would not take the command line it ends in
 */
export function enginesOf(objects: readonly KubeObject[]): Map<string, Engine> {
  const templates = objects.flatMap((object) => templatesOf(object));
  return new Map(templates.map(([name, { spec }]) => [name, engineOf(name, spec)]));
}

function templatesOf({ kind, metadata, spec }: KubeObject): [name: string, template: Template][] {
  const name = metadata.name ?? '';
  const isServing = ({ metadata: own }: Template): boolean => own?.labels?.[labels.component]?.startsWith('llminferenceservice-workload') ?? false;
  const { template, leaderWorkerTemplate: group } = (spec ?? {}) as {
    template?: Template;
    leaderWorkerTemplate?: { leaderTemplate?: Template; workerTemplate: Template };
  };
  if (kind === 'Deployment' && template && isServing(template)) return [[name, template]];
  if (kind !== 'LeaderWorkerSet' || !group) return [];
  const worker: [string, Template] = [`${name} worker`, group.workerTemplate];
  return group.leaderTemplate ? [[`${name} leader`, group.leaderTemplate], worker] : [worker];
}

function engineOf(name: string, podSpec: PodTemplate): Engine {
  const container = podSpec.containers?.find((one) => one.name === 'main');
  if (!container) throw new Error(`${name} has no container main`);
  const { argv, log } = startContainer(container, { env: { LWS_WORKER_INDEX: WORKER_INDEX } });
  if (argv.length === 0) throw new Error(`the start script of ${name} did not get to the engine:\n${log}`);
  return { ...parseServe(argv), podSpec, container };
}

/** The options of an engine that do not come from the preset alone. */
export function ownOptions({ options }: ServeArguments): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !presetOptions.has(name)));
}

const presetOptions: ReadonlySet<string> = new Set([
  'served-model-name',
  'port',
  'disable-access-log-for-endpoints',
  'shutdown-timeout',
  'enable-ssl-refresh',
  'ssl-certfile',
  'ssl-keyfile',
]);
