import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import type { ScalingSpec } from '../../api/types.ts';
import { findBinaries } from '../../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, installDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { autoscalingControllers, essentialControllers, fastAutoscaling, workloadControllers } from '../../control-plane/flags.ts';
import { type Simulation, startSimulation } from '../../control-plane/simulation/simulation.ts';
import { type ServiceManifest, service } from '../support/manifests.ts';
import { type MetricsApi, startMetricsApi } from '../support/metrics-api.ts';
import { installInto, prepareSite, type RunningOperator, startOperator } from '../support/operator.ts';
import { untilPassed } from '../support/requests.ts';
import { type Actor, clear, condition, given, has, isReady, type Place } from '../support/story.ts';
import { chooseWebhookAddress } from '../support/webhook-address.ts';

const { deployment, leaderWorkerSet, scaledObject, horizontalPodAutoscaler } = kinds;
const scaling: ScalingSpec = { minReplicas: 1, maxReplicas: 5, wva: { hpa: {} } };
const replicasOf = (object: KubeObject): number => (object.spec as { replicas: number }).replicas;
const isKeda = ({ metadata }: KubeObject): boolean => metadata.name?.endsWith('.keda.sh') ?? false;

/** Real HPA controller, real Deployments with Pods that are simulated, and desired replicas as the tests wish. */
describe('autoscaling by the HPA controller', function () {
  this.timeout(120_000);
  let controlPlane: ControlPlane;
  let simulation: Simulation;
  let operator: RunningOperator;
  let metrics: MetricsApi;
  let place: Place;
  let kedaDefinitions: KubeObject[];

  before(async () => {
    const webhooks = await chooseWebhookAddress();
    const [binaries, foreign] = await Promise.all([findBinaries(), readManifests(foreignDefinitions)]);
    kedaDefinitions = foreign.filter(isKeda);
    controlPlane = await startControlPlane({
      binaries,
      controllers: [...essentialControllers, ...workloadControllers, ...autoscalingControllers],
      controllerManagerFlags: fastAutoscaling,
      definitions: [...foreign.filter((definition) => !isKeda(definition)), ...webhooks.manifests.definitions],
    });
    const site = await prepareSite(controlPlane, webhooks);
    await installInto(site);
    simulation = await startSimulation(controlPlane, { pods: {} });
    [operator, metrics] = await Promise.all([startOperator(site), startMetricsApi(controlPlane)]);
  });
  after(async () => {
    await operator?.stop();
    await metrics?.close();
    await simulation?.stop();
    await controlPlane?.stop();
  });

  let count = 0;
  beforeEach(async () => {
    const namespace = `autoscaling-${++count}`;
    await controlPlane.admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    place = { admin: controlPlane.admin, namespace };
  });
  afterEach(() => clear(place));

  const start = (manifest: ServiceManifest): Promise<Actor> => given(place, manifest);
  const replicasAre = (kind: Kind, suffix: string, replicas: number) => has(kind, suffix, (object) => expect(replicasOf(object)).to.equal(replicas));
  /** With target AverageValue the autoscaler takes what the metric says for the count (R6.20a). */
  const publishCount = (suffix: string, wish: number | undefined) =>
    metrics.script(place.namespace, childName('qwen', suffix), () => wish?.toString());
  /**
   * With target Value the autoscaler multiplies what the metric says with the ready Pods: the middle of the numbers that lead to the wish,
   * and 1, which leaves everything as it is, once it is fulfilled (R6b.173).
   */
  const publishRatio = (suffix: string, target: string, wish: number | undefined) =>
    metrics.script(place.namespace, childName('qwen', suffix), async () => {
      if (wish === undefined) return undefined;
      const live = await place.admin.get(deployment, place.namespace, childName('qwen', target));
      const ready = (live?.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0;
      if (!live || ready === 0 || replicasOf(live) === wish) return '1';
      return `${Math.ceil((1000 * (wish - 0.5)) / ready)}m`;
    });
  const publishMain = (wish: number | undefined) => publishRatio(suffixes.hpa, suffixes.main, wish);
  const publishPrefill = (wish: number | undefined) => publishRatio(suffixes.prefillHpa, suffixes.prefill, wish);

  /** Every count that a workload has had since it was created. */
  async function recordReplicas(kind: Kind): Promise<{ of(suffix: string): number[]; end(): void }> {
    const ending = new AbortController();
    const seen = new Map<string, number[]>();
    const { metadata } = await place.admin.list(kind);
    const { namespace } = place;
    const follow = async () => {
      for await (const { type, object } of place.admin.watch(kind, metadata.resourceVersion, ending.signal)) {
        if (type === 'DELETED' || object.metadata.namespace !== namespace) continue;
        const counts = seen.get(object.metadata.name ?? '') ?? [];
        if (counts.at(-1) !== replicasOf(object)) seen.set(object.metadata.name ?? '', [...counts, replicasOf(object)]);
      }
    };
    follow().catch(() => undefined);
    return { of: (suffix) => seen.get(childName('qwen', suffix)) ?? [], end: () => ending.abort() };
  }

  it('lets decode and prefill follow a metric of their own, and never sets their replicas (target Value, as in KServe)', async () => {
    const recorded = await recordReplicas(deployment);
    publishMain(3);
    publishPrefill(2);
    const qwen = await start(service('qwen').with({ scaling, prefill: { scaling } }));
    await qwen.reaches(
      replicasAre(deployment, suffixes.main, 3),
      replicasAre(deployment, suffixes.prefill, 2),
      condition('ScalingReady', 'True'),
      condition('PrefillScalingReady', 'True'),
      isReady,
    );
    publishMain(2);
    publishPrefill(4);
    await qwen.reaches(replicasAre(deployment, suffixes.main, 2), replicasAre(deployment, suffixes.prefill, 4));

    const annotations = { 'example.com/restarted': 'yes' };
    await untilPassed(operator, () => qwen.change({ spec: { annotations, prefill: { annotations } } }));
    await qwen.reaches(
      ...[suffixes.main, suffixes.prefill].map((suffix) =>
        has(deployment, suffix, ({ spec }) => expect(JSON.stringify(spec)).to.include('restarted')),
      ),
      isReady,
    );
    expect(recorded.of(suffixes.main)).to.deep.equal([1, 3, 2]);
    expect(recorded.of(suffixes.prefill)).to.deep.equal([1, 2, 4]);
    recorded.end();
  });

  it('scales groups of several nodes, too (target AverageValue, where the metrics adapter is configured)', async () => {
    const configure = (config: string | null) =>
      place.admin.patch(kinds.configMap, defaultOptions.systemNamespace, SETTINGS_CONFIG_MAP, {
        data: { 'autoscaling-metrics-adapter-config': config },
      });
    await configure('{"hpaBehavior": false}');
    try {
      publishCount(suffixes.hpa, 3);
      publishCount(suffixes.prefillHpa, 2);
      const worker = { containers: [{ name: 'main', image: 'example.com/vllm:1' }] };
      const qwen = await start(service('qwen').with({ scaling, prefill: { scaling, worker, parallelism: { data: 2, dataLocal: 1 } } }));
      await qwen.reaches(
        replicasAre(deployment, suffixes.main, 3),
        replicasAre(leaderWorkerSet, suffixes.prefillMultiNode, 2),
        has(horizontalPodAutoscaler, suffixes.hpa, ({ spec }) => expect(JSON.stringify(spec)).to.include('"averageValue":"1"')),
        isReady,
      );
      publishCount(suffixes.hpa, 1);
      publishCount(suffixes.prefillHpa, 4);
      await qwen.reaches(replicasAre(deployment, suffixes.main, 1), replicasAre(leaderWorkerSet, suffixes.prefillMultiNode, 4), isReady);
    } finally {
      await configure(null);
    }
  });

  it('leaves the fleet as it is when a metric is gone, says so, and goes on when it is back', async () => {
    const recorded = await recordReplicas(deployment);
    publishMain(3);
    publishPrefill(2);
    const qwen = await start(service('qwen').with({ scaling, prefill: { scaling } }));
    await qwen.reaches(replicasAre(deployment, suffixes.main, 3), replicasAre(deployment, suffixes.prefill, 2), isReady);

    publishMain(undefined);
    await qwen.reaches(
      condition('ScalingReady', 'False', 'FailedGetExternalMetric', /there is no wva_desired_replicas of qwen-kserve-hpa/),
      condition('PrefillScalingReady', 'True'),
      condition('MainWorkloadReady', 'True'),
      condition('Ready', 'False', 'FailedGetExternalMetric'),
    );
    publishPrefill(1);
    await untilPassed(operator, () => qwen.change({ spec: { annotations: { 'example.com/restarted': 'yes' } } }));
    await qwen.reaches(
      has(deployment, suffixes.main, ({ spec }) => expect(JSON.stringify(spec)).to.include('restarted')),
      replicasAre(deployment, suffixes.prefill, 1),
      condition('MainWorkloadReady', 'True'),
    );
    expect(recorded.of(suffixes.main)).to.deep.equal([1, 3]);

    publishMain(2);
    await qwen.reaches(replicasAre(deployment, suffixes.main, 2), isReady);
    expect(recorded.of(suffixes.main)).to.deep.equal([1, 3, 2]);
    recorded.end();
  });

  it('waits for KEDA, takes it when it is installed, and hands the replicas over to an HPA', async () => {
    const keda = { triggers: [{ type: 'cpu', metadata: { value: '60' } }] };
    const qwen = await start(service('qwen').with({ scaling: { maxReplicas: 5, keda } }));
    await qwen.reaches(
      condition('ScalingReady', 'False', 'ScalingCRDNotFound', /no matches for kind "ScaledObject"/),
      condition('WorkloadsReady', 'False', 'ScalingCRDNotFound'),
      condition('MainWorkloadReady', 'True'),
      condition('RouterReady', 'True'),
      async () => {
        const told = (await qwen.events()).map(({ type, reason, message }) => `${type} ${reason} ${message}`);
        expect(told.join('\n')).to.match(/Warning ScalingCRDNotFound Required scaling CRD not installed:/);
      },
    );
    await installDefinitions(place.admin, kedaDefinitions);
    await qwen.reaches(has(scaledObject, suffixes.keda));
    const conditions = ['Ready', 'Active', 'Fallback', 'Paused'].map((type) => ({ type, status: 'True', reason: 'Test', message: '' }));
    await qwen.changeChild(scaledObject, suffixes.keda, { status: { conditions } }, 'status');
    await qwen.reaches(isReady);

    const recorded = await recordReplicas(deployment);
    await qwen.changeChild(deployment, suffixes.main, { spec: { replicas: 3 } });
    await qwen.reaches(isReady);
    publishMain(4);
    await qwen.change({ spec: { scaling: { keda: null, wva: { hpa: {} } } } });
    await qwen.reaches(replicasAre(deployment, suffixes.main, 4), isReady);
    expect(await place.admin.get(scaledObject, place.namespace, 'qwen-kserve-keda')).to.equal(undefined);
    expect(recorded.of(suffixes.main)).to.deep.equal([3, 4]);
    recorded.end();
  });
});
