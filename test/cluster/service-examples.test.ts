import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { kindOf, kinds } from '../../api/kinds.ts';
import type { Deployment, KubeObject } from '../../api/kubernetes.ts';
import { AUTOSCALING_SETTINGS, annotations, labels, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import { readManifests } from '../../cli/manifest-files.ts';
import { packagePath } from '../../cli/package-files.ts';
import { renderFiles } from '../../cli/render.ts';
import { autoscalersWork } from '../support/autoscalers.ts';
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

/** Keys of the installation-wide settings that the examples want otherwise than the chart. */
const exampleKeys = [AUTOSCALING_SETTINGS, 'localModel'];
const dataOf = (settings: KubeObject | undefined): Record<string, string> => (settings?.data ?? {}) as Record<string, string>;

const exampleSettings = (): Record<string, string> => dataOf(readManifests([packagePath('examples/environment/10-settings.yaml')])[0]?.object);

/**
 * A member that joins a group changes the route of the others, and a gateway takes a moment to accept that (R5.88). Pods that encode for
 * another service serve its model name, and services without a route count, too (R5.129).
 */
const amongServices = ['LLMInferenceServiceNotReady', 'ModelNameCollision'];

/** What more an example has to show. */
const proofs: Readonly<Record<string, (services: readonly Actor[]) => Promise<void>>> = {
  async 'model-cache.yaml'(services) {
    for (const one of services) {
      const { spec } = (await one.child(kinds.deployment, suffixes.main)) as unknown as Deployment;
      const { metadata, spec: pods } = spec?.template ?? {};
      expect(metadata?.labels).to.include({ [labels.localModel]: 'qwen-coder', [labels.localModelNamespace]: one.namespace });
      expect(pods?.volumes).to.deep.include({ name: 'kserve-pvc-source', persistentVolumeClaim: { claimName: 'qwen-coder-gpu-nodes' } });
      // The digits are those of the source's SHA-256.
      const mount = { name: 'kserve-pvc-source', mountPath: '/mnt/models', subPath: 'models/36fc3088a73b5e90/', readOnly: true };
      expect(pods?.containers[0]?.volumeMounts).to.deep.include(mount);
      expect((pods?.initContainers ?? []).map(({ name }) => name)).not.to.include('storage-initializer');
    }
  },
};

describe('the examples', function () {
  this.timeout(60_000);
  let operator: RunningOperator;
  let place: Place;
  let settings: string;

  let chartSettings: Record<string, string>;

  /** Takes over the keys, and writes the whole to a file. */
  const settle = async (data: Record<string, string>): Promise<void> => {
    const { admin, directory: scratch } = await cluster();
    const change = Object.fromEntries(exampleKeys.map((key) => [key, data[key] ?? null]));
    settings = join(scratch, 'settings.json');
    const changed = await admin.patch(kinds.configMap, defaultOptions.systemNamespace, SETTINGS_CONFIG_MAP, { data: change });
    await writeFile(settings, JSON.stringify(changed));
  };

  before(async () => {
    operator = await sharedOperator();
    const { admin } = await cluster();
    chartSettings = dataOf(await admin.get(kinds.configMap, defaultOptions.systemNamespace, SETTINGS_CONFIG_MAP));
    await settle(exampleSettings());
  });
  after(() => settle(chartSettings));
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
      await proofs[file]?.(services);
      for (const service of services) await service.annotate(annotations.stop, 'true');
      for (const service of services) await service.reaches(condition('Ready', 'False', 'Stopped'), hasChildren([]), () => rests(operator));
      expect(since(forbidden, await forbiddenRequestsOf(operator))).to.deep.equal({});
    });
  }
});
