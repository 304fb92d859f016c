import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject, ObjectMeta } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import type { LLMInferenceServiceSpec, PodTemplate } from '../../api/types.ts';
import { service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { rests } from '../support/requests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, has, isReady, type Place } from '../support/story.ts';

interface Template {
  readonly metadata: ObjectMeta;
  readonly spec: PodTemplate;
}

/** Everything a workload can have that may go again. */
const extras = {
  labels: { team: 'red' },
  annotations: { 'example.com/note': 'a' },
  template: {
    containers: [
      {
        name: 'main',
        args: ['--max-num-seqs=8'],
        env: [{ name: 'EXTRA', value: '1' }],
        volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
        resources: { limits: { 'nvidia.com/gpu': '1' } },
      },
      { name: 'beside', image: 'registry.example.com/beside:1' },
    ],
    initContainers: [{ name: 'before', image: 'registry.example.com/before:1' }],
    volumes: [{ name: 'scratch', emptyDir: {} }],
    nodeSelector: { gpu: 'h100' },
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
    imagePullSecrets: [{ name: 'registry' }],
    priorityClassName: 'serving',
    hostNetwork: true,
  },
  rolloutStrategy: { maxSurge: 0, maxUnavailable: 2 },
} satisfies LLMInferenceServiceSpec;
const none = { labels: null, annotations: null, template: null, rolloutStrategy: null };
const metadata = {
  labels: { 'kueue.x-k8s.io/queue-name': 'serving' },
  annotations: { 'prometheus.io/scrape': 'true', 'kueue.x-k8s.io/preemption-reclaim-if-below-priority': '5' },
};
const noMetadata = {
  labels: { 'kueue.x-k8s.io/queue-name': null },
  annotations: { 'prometheus.io/scrape': null, 'kueue.x-k8s.io/preemption-reclaim-if-below-priority': null },
};
const groups = { worker: {}, parallelism: { data: 2, dataLocal: 1 } };

const templatesOf = ({ spec }: KubeObject): Template[] => {
  const { template, leaderWorkerTemplate } = spec as {
    template?: Template;
    leaderWorkerTemplate?: { leaderTemplate?: Template; workerTemplate: Template };
  };
  return [template, leaderWorkerTemplate?.leaderTemplate, leaderWorkerTemplate?.workerTemplate].filter((t) => t !== undefined);
};

const isEmptyMap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

/** What a LeaderWorkerSet does when it is told nothing. */
const standardRollout = { rollingUpdateConfiguration: { maxUnavailable: 1, maxSurge: 0, partition: 0 } };

/** What somebody decides about an object; what the server adds to it does not count, and empty maps are nothing. */
const essence = ({ metadata: { labels, annotations }, spec }: KubeObject) => {
  const { 'deployment.kubernetes.io/revision': _, ...rest } = annotations ?? {};
  const { selector: _selector, rolloutStrategy, ...stated } = spec as Record<string, unknown>;
  const decided = { labels, annotations: rest, spec: { ...stated, rolloutStrategy: { ...standardRollout, ...(rolloutStrategy as object) } } };
  return JSON.parse(JSON.stringify(decided, (_key, value) => (isEmptyMap(value) ? undefined : value)));
};

describe('what a service does not ask for any more (B3.2)', () => {
  let place: Place;
  let operator: RunningOperator;

  before(async () => {
    operator = await sharedOperator();
    place = await openPlace('removals');
  });
  afterEach(() => clear(place));

  /** A service with nothing special, and what it consists of. */
  async function bare(name: string, spec: LLMInferenceServiceSpec): Promise<{ actor: Actor; children: Record<string, unknown> }> {
    const actor = await given(place, service(name).with(spec));
    await actor.reaches(isReady, () => rests(operator));
    return { actor, children: await childrenOf(actor) };
  }
  const childrenOf = async (actor: Actor) =>
    Object.fromEntries(
      [...(await actor.children())]
        .filter(([key]) => /-kserve(-mn)?$|-workload-svc$/.test(key) && !key.startsWith('ServiceAccount'))
        .map(([key, child]) => [key, essence(child)]),
    );

  for (const [what, name, kind, suffix, shape] of [
    ['Deployment', 'one', kinds.deployment, suffixes.main, {}],
    ['LeaderWorkerSet', 'many', kinds.leaderWorkerSet, suffixes.mainMultiNode, groups],
  ] as const) {
    it(`disappears from the ${what} and the Service`, async () => {
      const { actor, children } = await bare(name, shape);
      await actor.change({ metadata, spec: extras });
      await actor.reaches(has(kind, suffix, isDecorated), isReady);
      await actor.change({ metadata: noMetadata, spec: none });
      await actor.reaches(async () => expect(await childrenOf(actor)).to.deep.equal(children), isReady);
    });
  }
});

function isDecorated(child: KubeObject): void {
  expect(child.metadata.labels).to.include(metadata.labels);
  expect(child.metadata.annotations).to.include(metadata.annotations);
  const templates = templatesOf(child);
  for (const template of templates) {
    expect(template.metadata.labels).to.include({ ...extras.labels, ...metadata.labels });
    expect(template.metadata.annotations).to.include({ ...extras.annotations, ...metadata.annotations });
  }
  const { volumes, containers, nodeSelector } = templates[0]?.spec ?? {};
  expect(volumes?.map(({ name }) => name)).to.include('scratch');
  expect(containers?.map(({ name }) => name)).to.include('beside');
  expect(nodeSelector).to.deep.equal(extras.template.nodeSelector);
}
