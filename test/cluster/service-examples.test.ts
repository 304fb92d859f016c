import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { kindOf, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { AUTOSCALING_SETTINGS, annotations } from '../../api/metadata.ts';
import { readManifests } from '../../cli/manifest-files.ts';
import { packagePath } from '../../cli/package-files.ts';
import { renderFiles } from '../../cli/render.ts';
import { autoscalersWork, configureAutoscaling } from '../support/autoscalers.ts';
import { cluster } from '../support/cluster.ts';
import { enginesOf } from '../support/engines.ts';
import type { RunningOperator } from '../support/operator.ts';
import { forbiddenRequestsOf, rests, since } from '../support/requests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, actor, clear, condition, hasChildren, isReady, type Place } from '../support/story.ts';
import type { ServeArguments } from '../support/vllm-arguments.ts';

const directory = packagePath('examples');
const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));

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

const renderedCommandLines = (file: string, settings: string, namespace: string): Record<string, ServeArguments> =>
  argumentsOf(renderFiles([file], { presets: packagePath('presets'), settings, namespace }));

function argumentsOf(objects: readonly KubeObject[]): Record<string, ServeArguments> {
  return Object.fromEntries([...enginesOf(objects)].map(([name, { model, options }]) => [name, { model, options }]));
}

/** What the examples want of the installation-wide settings, beyond those of the chart. */
function autoscalingSettings(): string {
  const [settings] = readManifests([packagePath('examples/environment/10-settings.yaml')]);
  return (settings?.object.data as Record<string, string> | undefined)?.[AUTOSCALING_SETTINGS] ?? '';
}

/**
 * A member that joins a group changes the route of the others, and a gateway takes a moment to accept that (R5.88). Pods that encode for
 * another service serve its model name, and services without a route count, too (R5.129).
 */
const amongServices = ['LLMInferenceServiceNotReady', 'ModelNameCollision'];

describe('the examples', function () {
  this.timeout(60_000);
  let operator: RunningOperator;
  let place: Place;
  let settings: string;

  /** Sets the key, and writes the whole to a file. */
  const settle = async (text: string | null): Promise<void> => {
    const { admin, directory: scratch } = await cluster();
    settings = join(scratch, 'settings.json');
    await writeFile(settings, JSON.stringify(await configureAutoscaling(admin, text)));
  };

  before(async () => {
    operator = await sharedOperator();
    await settle(autoscalingSettings());
  });
  after(() => settle(null));
  beforeEach(async () => {
    place = await openPlace('example');
  });
  afterEach(() => clear(place));

  for (const file of files) {
    it(`${file} becomes ready as it stands, stops and goes, and the rights of the chart are enough for that`, async () => {
      const forbidden = await forbiddenRequestsOf(operator);
      const objects = readManifests([`${directory}/${file}`]).map(({ object }) => object);
      for (const object of objects) await bringAlong(place, object);
      const services = objects.filter(({ kind }) => kind === kinds.service.kind).map(({ metadata }) => actor(place, metadata.name ?? ''));
      expect(services).not.to.have.length(0);
      for (const service of services) await service.reaches(autoscalersWork, isReady);
      for (const service of services) {
        const expected = services.length > 1 ? amongServices : [];
        const warnings = (await service.events()).filter(({ type, reason }) => type === 'Warning' && !expected.includes(reason));
        expect(warnings.map(({ message }) => message)).to.deep.equal([]);
      }
      expect(await commandLines(services)).to.deep.equal(renderedCommandLines(`${directory}/${file}`, settings, place.namespace));
      for (const service of services) await service.annotate(annotations.stop, 'true');
      for (const service of services) await service.reaches(condition('Ready', 'False', 'Stopped'), hasChildren([]), () => rests(operator));
      expect(since(forbidden, await forbiddenRequestsOf(operator))).to.deep.equal({});
    });
  }
});
