import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { kindOf, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { annotations } from '../../api/metadata.ts';
import { readManifests } from '../../cli/manifest-files.ts';
import { packagePath } from '../../cli/package-files.ts';
import { renderFiles } from '../../cli/render.ts';
import { enginesOf } from '../support/engines.ts';
import type { RunningOperator } from '../support/operator.ts';
import { forbiddenRequestsOf, rests } from '../support/requests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, actor, clear, condition, hasChildren, isReady, type Place } from '../support/story.ts';
import type { ServeArguments } from '../support/vllm-arguments.ts';

const directory = packagePath('examples');
const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));

/** What the autoscaling controller says of those that have all they need; the control plane of the tests has none. */
async function pleaseAutoscalers({ admin, namespace }: Place): Promise<void> {
  const { items } = await admin.list(kinds.horizontalPodAutoscaler, namespace);
  const conditions = ['AbleToScale', 'ScalingActive'].map((type) => ({ type, status: 'True', reason: 'Test', message: '' }));
  for (const { metadata, status } of items) {
    const known = (status as { conditions?: unknown[] } | undefined)?.conditions ?? [];
    if (known.length > 0) continue;
    await admin.patch(kinds.horizontalPodAutoscaler, namespace, metadata.name ?? '', { status: { conditions, desiredReplicas: 1 } }, 'status');
  }
}

/** Where objects go of kinds that the operator has nothing to do with. */
const otherKinds: Readonly<Record<string, string>> = {
  InferenceObjective: '/apis/llm-d.ai/v1alpha2/namespaces/NAMESPACE/inferenceobjectives',
  PersistentVolumeClaim: '/api/v1/namespaces/NAMESPACE/persistentvolumeclaims',
};

async function bringAlong({ admin, namespace }: Place, object: KubeObject): Promise<void> {
  const placed = { ...object, metadata: { ...object.metadata, namespace } };
  const path = otherKinds[object.kind]?.replace('NAMESPACE', namespace);
  if (kindOf(object) === undefined && path !== undefined) await admin.request({ method: 'POST', path, body: placed });
  else await admin.apply(placed);
}

/** What vLLM reads on the command lines of all serving pods, as the API server has them. What they should be is said in the unit tests. */
async function commandLines(services: readonly Actor[]): Promise<Record<string, ServeArguments>> {
  const children = await Promise.all(services.map((service) => service.children()));
  return argumentsOf(children.flatMap((found) => [...found.values()]));
}

const installedSettings = packagePath('charts/kserve-llmisvc-resources/files/configmap.yaml');
const renderedCommandLines = (file: string, namespace: string): Record<string, ServeArguments> =>
  argumentsOf(renderFiles([file], { presets: packagePath('presets'), settings: installedSettings, namespace }));

function argumentsOf(objects: readonly KubeObject[]): Record<string, ServeArguments> {
  return Object.fromEntries([...enginesOf(objects)].map(([name, { model, options }]) => [name, { model, options }]));
}

describe('the examples', function () {
  this.timeout(60_000);
  let operator: RunningOperator;
  let place: Place;

  before(async () => {
    operator = await sharedOperator();
  });
  beforeEach(async () => {
    place = await openPlace('example');
  });
  afterEach(() => clear(place));

  for (const file of files) {
    it(`${file} becomes ready as it stands, stops and goes, and the rights of the chart are enough for that`, async () => {
      const objects = readManifests([`${directory}/${file}`]).map(({ object }) => object);
      for (const object of objects) await bringAlong(place, object);
      const services = objects.filter(({ kind }) => kind === kinds.service.kind).map(({ metadata }) => actor(place, metadata.name ?? ''));
      expect(services).not.to.have.length(0);
      for (const service of services) await service.reaches(() => pleaseAutoscalers(place), isReady);
      for (const service of services) {
        // A member that joins a group changes the route of the others, and a gateway takes a moment to accept that (R5.88).
        const passing = services.length > 1 ? 'LLMInferenceServiceNotReady' : undefined;
        const warnings = (await service.events()).filter(({ type, reason }) => type === 'Warning' && reason !== passing);
        expect(warnings.map(({ message }) => message)).to.deep.equal([]);
      }
      expect(await commandLines(services)).to.deep.equal(renderedCommandLines(`${directory}/${file}`, place.namespace));
      for (const service of services) await service.annotate(annotations.stop, 'true');
      for (const service of services) await service.reaches(condition('Ready', 'False', 'Stopped'), hasChildren([]), () => rests(operator));
      expect(await forbiddenRequestsOf(operator)).to.deep.equal({});
    });
  }
});
