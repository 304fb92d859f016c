import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { Deployment, KubeObject, Secret } from '../../api/kubernetes.ts';
import { annotations, labels, PART_OF } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { startApiProxy } from '../support/api-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { type ServiceManifest, service } from '../support/manifests.ts';
import { type RunningOperator, startOperator } from '../support/operator.ts';
import { rests, untilPassed } from '../support/requests.ts';
import { withSettings } from '../support/settings.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, type Expectation, given, has, hasChildren, hasNoCondition, isReady, type Place } from '../support/story.ts';

const { systemNamespace } = defaultOptions;

const initializerOf = (child: KubeObject) =>
  (child as unknown as Deployment).spec?.template.spec?.initContainers?.find(({ name }) => name === 'storage-initializer');
const withModel = (name: string, uri: string): ServiceManifest => service(name).with({ model: { uri, name } });

describe('the model of a service', () => {
  let operator: RunningOperator;
  let place: Place;

  before(async () => {
    operator = await sharedOperator();
  });
  beforeEach(async () => {
    place = await openPlace('storage');
  });
  afterEach(() => clear(place));

  const create = (kind: (typeof kinds)[keyof typeof kinds], name: string, more: object, metadata: object = {}): Promise<KubeObject> =>
    place.admin.create({ apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace: place.namespace, ...metadata }, ...more });

  for (const uri of [
    'gs://bucket/model',
    'https://host/model',
    'azure://container/model',
    'hdfs://host/model',
    'oci+fetch://image',
    'oci+modelcar://image',
  ]) {
    it(`is refused from ${uri}, with the words of the reference`, async () => {
      const qwen = await given(place, withModel('qwen', uri));
      await qwen.reaches(
        condition(
          'MainWorkloadReady',
          'False',
          'ReconcileSingleNodeWorkloadError',
          new RegExp(`failed to attach model artifacts to main deployment: unsupported schema in model URI: ${uri.replace('+', '\\+')}$`),
        ),
        condition('Ready', 'False', 'ReconcileSingleNodeWorkloadError'),
      );
    });
  }

  it('waits for the account and the Secret that its download needs, and goes on as soon as they are there', async () => {
    const template = { serviceAccountName: 'reader', containers: [{ name: 'main' }] };
    const qwen = await given(place, service('qwen').with({ template }));
    // An account that is named is looked for with those of groups, also for pods of one node (R3.78).
    await qwen.reaches(condition('WorkerWorkloadReady', 'False', 'ReconcileMultiNodeWorkloadError', /serviceaccounts "reader" not found/));
    await create(kinds.serviceAccount, 'reader', { secrets: [{ name: 'token' }] });
    await qwen.reaches(condition('MainWorkloadReady', 'False', 'ReconcileSingleNodeWorkloadError', /secrets "token" not found/));
    await create(kinds.secret, 'token', { stringData: { HF_TOKEN: 'x' } });
    await qwen.reaches(isReady, hasNoCondition('WorkerWorkloadReady'));
    expect(initializerOf(await qwen.child(kinds.deployment, suffixes.main))?.env).to.deep.include({
      name: 'HF_TOKEN',
      valueFrom: { secretKeyRef: { name: 'token', key: 'HF_TOKEN' } },
    });
  });

  it('is downloaded from where the annotations of a Secret say, also when they change', async () => {
    await create(kinds.secret, 'bucket', { stringData: { awsSecretAccessKey: 'x' } }, { annotations: { 'serving.kserve.io/s3-endpoint': 'one' } });
    await create(kinds.serviceAccount, 'bucket-reader', { secrets: [{ name: 'bucket' }] });
    const credentialKeys = { s3: { s3AccessKeyIDName: 'awsAccessKeyID', s3SecretAccessKeyName: 'awsSecretAccessKey' } };
    await withSettings(place.admin, 'credentials', credentialKeys, async () => {
      const template = { serviceAccountName: 'bucket-reader', containers: [{ name: 'main' }] };
      const qwen = await given(place, withModel('qwen', 's3://models/qwen').with({ template }));
      const reads = (endpoint: string): Expectation =>
        has(kinds.deployment, suffixes.main, (child) =>
          expect(initializerOf(child)?.env).to.deep.include({ name: 'AWS_ENDPOINT_URL', value: `https://${endpoint}` }),
        );
      await qwen.reaches(isReady, reads('one'));
      await place.admin.patch(kinds.secret, place.namespace, 'bucket', { metadata: { annotations: { 'serving.kserve.io/s3-endpoint': 'two' } } });
      await qwen.reaches(reads('two'));
    });
  });

  describe('with a CA bundle of the installation', () => {
    const SOURCE = 'company-ca';
    const FILE = 'cabundle.crt';
    const setBundle = (text: string | null) => place.admin.patch(kinds.configMap, systemNamespace, SOURCE, { data: { [FILE]: text } });
    const hasBundle =
      (text: string): Expectation =>
      async ({ admin, namespace }) =>
        expect((await admin.get(kinds.configMap, namespace, 'global-ca-bundle'))?.data).to.deep.equal({ [FILE]: text });

    it('trusts it, and follows it; without it running services stay, and say why', async () => {
      await place.admin.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: SOURCE, namespace: systemNamespace },
        data: { [FILE]: 'one' },
      });
      await withSettings(place.admin, 'storageInitializer', { caBundleConfigMapName: SOURCE }, async () => {
        const actors = await Promise.all(['qwen', 'other'].map((name) => given(place, withModel(name, 's3://models/x'))));
        const [qwen, other] = actors as [Actor, Actor];
        for (const actor of actors) await actor.reaches(isReady, hasBundle('one'));
        expect(initializerOf(await qwen.child(kinds.deployment, suffixes.main))?.volumeMounts).to.deep.include({
          name: 'cabundle-cert',
          mountPath: '/etc/ssl/custom-certs',
          readOnly: true,
        });
        const warnings = (await Promise.all(actors.map((actor) => actor.events()))).flat().filter(({ type }) => type === 'Warning');
        expect(warnings.map(({ message }) => message)).to.deep.equal([]);

        await setBundle('two');
        await qwen.reaches(hasBundle('two'));
        await place.admin.patch(kinds.configMap, place.namespace, 'global-ca-bundle', { data: { [FILE]: 'by hand' } });
        await qwen.reaches(hasBundle('two'));

        const before = [...(await qwen.children()).keys()];
        await setBundle('');
        await qwen.reaches(condition('Ready', 'Unknown', undefined, /specified cabundle file cabundle.crt not found in cabundle configmap/));
        expect([...(await qwen.children()).keys()]).to.deep.equal(before);
        await other.annotate(annotations.stop, 'true');
        await other.reaches(condition('Ready', 'False', 'Stopped'), hasChildren([]));
        await place.admin.delete(kinds.configMap, systemNamespace, SOURCE);
        await qwen.reaches(condition('Ready', 'Unknown', undefined, new RegExp(`failed to get configmap ${SOURCE} from the cluster`)));
        await place.admin.create({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: SOURCE, namespace: systemNamespace },
          data: { [FILE]: 'three' },
        });
        await qwen.reaches(isReady, hasBundle('three'));
      });
    });
  });

  it('comes with advice while images are mounted as volumes and the API server is too old for that (R3.245)', async () => {
    const ADVICE = 'OciImageVolumeCompatible';
    const site = await siteWithoutOperator();
    const proxy = await startApiProxy(await loadAccess({ kubeconfig: site.kubeconfig, environment: {} }));
    proxy.interfere(({ url }) => (url.pathname === '/version' ? { answer: { code: 200, body: { major: '1', minor: '34+' } } } : undefined));
    const behindProxy = await startOperator(site, {}, { run: { access: proxy.access } });
    try {
      const granite = await given(place, withModel('granite', 'oci://registry.example.com/granite:1'));
      await granite.reaches(isReady, hasNoCondition(ADVICE));
      await withSettings(place.admin, 'storageInitializer', { ociModelMode: 'native' }, async () => {
        await granite.reaches(
          condition(ADVICE, 'False', 'ImageVolumeAlpha', /^Cluster K8s 1\.34: /),
          isReady,
          has(kinds.deployment, suffixes.main, (child) =>
            expect(JSON.stringify(child)).to.contain('"image":{"reference":"registry.example.com/granite:1"'),
          ),
        );
        expect((await granite.stored()).status?.conditions?.find(({ type }) => type === ADVICE)?.severity).to.equal('Info');
      });
      await granite.reaches(isReady, hasNoCondition(ADVICE));
      expect(proxy.requests.filter((request) => request === 'GET /version')).to.have.length(1);
    } finally {
      await behindProxy.stop();
      operator = await sharedOperator();
      await proxy.close();
    }
  });

  it('is served under a certificate that pods without an address leave alone (R3.282, B3.30)', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady, () => rests(operator));
    const secret = async () => (await qwen.child(kinds.secret, suffixes.certificate)) as unknown as Secret & KubeObject;
    const before = await secret();
    const identity = { [labels.name]: 'qwen', [labels.partOf]: PART_OF };
    await create(kinds.pod, 'waiting', { spec: { containers: [{ name: 'main', image: 'a' }] } }, { labels: identity });
    const setStatus = (status: object) => place.admin.patch(kinds.pod, place.namespace, 'waiting', { status }, 'status');

    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' }];
    await untilPassed(operator, () => setStatus({ conditions }));
    await untilPassed(operator, () => qwen.annotate('example.com/touched', '1'));
    expect((await secret()).metadata.resourceVersion).to.equal(before.metadata.resourceVersion);

    await setStatus({ podIP: '10.9.8.7', podIPs: [{ ip: '10.9.8.7' }] });
    const renewed = await eventually(async () => {
      const found = await secret();
      expect(found.data?.['tls.crt']).not.to.equal(before.data?.['tls.crt']);
      return found;
    });
    await untilPassed(operator, () => qwen.annotate('example.com/touched', '2'));
    expect((await secret()).metadata.resourceVersion).to.equal(renewed.metadata.resourceVersion);
    await place.admin.delete(kinds.pod, place.namespace, 'waiting');
  });
});
