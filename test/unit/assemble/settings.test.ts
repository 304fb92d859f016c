import { expect } from 'chai';
import { isRejection, type Rejection } from '../../../api/rejection.ts';
import { parseSettings, readSettingsData, sameSettings, settingsKeys } from '../../../assemble/parse-settings.ts';
import { UnreadableSettings } from '../../../assemble/settings.ts';
import { accepted, refusal, storageInitializer } from './fixtures.ts';

const parse = (data: Record<string, string | object>): ReturnType<typeof parseSettings> =>
  parseSettings(
    Object.fromEntries(Object.entries({ storageInitializer, ...data }).map(([k, v]) => [k, typeof v === 'string' ? v : JSON.stringify(v)])),
    'kserve',
  );
const good = (data: Record<string, string | object> = {}) => accepted(parse(data));
const bad = (data: Record<string, string | object>): string => refusal(parse(data));
const ingress = (fields: object): Record<string, object> => ({ ingress: { ingressGateway: 'x', ...fields } });

describe('ingress settings (R2.3)', () => {
  it('have defaults', () =>
    expect(good().ingress).to.deep.equal({
      gatewayNamespace: 'kserve',
      gatewayName: '',
      urlScheme: 'http',
      enableTLS: false,
      modelBasedRoutingHeaderName: 'X-Gateway-Model-Name',
      modelBasedRoutingMode: 'enabled',
      disableRouteTimeouts: false,
    }));

  const gateways: [string, string, string][] = [
    ['kserve-ingress-gateway', 'kserve', 'kserve-ingress-gateway'],
    ['infra/public', 'infra', 'public'],
    ['a/b/c', 'kserve', 'a/b/c'],
  ];
  for (const [text, gatewayNamespace, gatewayName] of gateways) {
    it(`gateway ${text}`, () => expect(good(ingress({ kserveIngressGateway: text })).ingress).to.include({ gatewayNamespace, gatewayName }));
  }

  const modes = {
    enabled: 'enabled',
    forced: 'forced',
    disabled: 'disabled',
    FORCED: 'forced',
    Disabled: 'disabled',
    ENABLED: 'enabled',
    odd: 'enabled',
    '': 'enabled',
  };
  for (const [word, mode] of Object.entries(modes)) {
    it(`mode "${word}" is ${mode}`, () => expect(good(ingress({ modelBasedRoutingMode: word })).ingress.modelBasedRoutingMode).to.equal(mode));
  }

  it('know gateways without time-outs by `true` alone (B5.23)', () => {
    expect(good(ingress({ disableHTTPRouteTimeout: true })).ingress.disableRouteTimeouts).to.equal(true);
    expect(good(ingress({ disableHTTPRouteTimeout: 'true' })).ingress.disableRouteTimeouts).to.equal(false);
  });

  const problems: [string, Record<string, string | object>, string][] = [
    ['bad JSON', { ingress: '{' }, 'unable to parse ingress config json'],
    ['no ingressGateway', { ingress: {} }, 'invalid ingress config - ingressGateway is required'],
    ['Gateway API without a gateway', ingress({ enableGatewayApi: true }), 'invalid ingress config - kserveIngressGateway is required'],
    ['Gateway API with a bare name', ingress({ enableGatewayApi: true, kserveIngressGateway: 'x' }), 'should be in the format <namespace>/<name>'],
    ['a bad gateway namespace', ingress({ enableGatewayApi: true, kserveIngressGateway: 'A/x' }), 'gateway namespace is invalid'],
    ['a bad gateway name', ingress({ enableGatewayApi: true, kserveIngressGateway: 'a/x_' }), 'gateway name is invalid'],
    ['a bad path template', ingress({ ingressDomain: 'd', pathTemplate: '{{ .Name' }), 'unable to parse pathTemplate'],
    ['a path template without a domain', ingress({ pathTemplate: '/{{ .Name }}' }), 'ingressDomain is required if pathTemplate is given'],
    ['a field of the wrong type', ingress({ urlScheme: 1 }), 'unable to parse ingress config json'],
  ];
  for (const [what, data, message] of problems) {
    it(`refuses ${what}`, () => {
      expect(bad(data)).to.include(message);
      expect(bad(data)).to.match(/^failed to load ingress config: /);
    });
  }

  it('accept a path template with a domain', () =>
    expect(good(ingress({ ingressDomain: 'd', pathTemplate: '/{{ .Namespace }}/{{ .Name }}' }))).to.be.an('object'));
});

describe('storage settings (R3.200, R3.201)', () => {
  const storage = (fields: object) => parse({ storageInitializer: { ...JSON.parse(storageInitializer), ...fields } });

  it('have defaults', () =>
    expect(good().storage).to.deep.equal({
      image: 'registry.example.com/storage-initializer:1',
      memoryRequest: '100Mi',
      memoryLimit: '1Gi',
      cpuRequest: '100m',
      cpuLimit: '1',
      cpuModelcar: '10m',
      memoryModelcar: '15Mi',
      configuredOciMode: '',
      ociMode: 'disabled',
      caBundleConfigMapName: '',
      caBundleVolumeMountPath: '',
    }));

  for (const field of ['memoryRequest', 'memoryLimit', 'cpuRequest', 'cpuLimit']) {
    it(`need ${field}`, () =>
      expect(refusal(storage({ [field]: undefined }))).to.include(`failed to parse resource configuration for "storageInitializer"."${field}"`));
  }
  it('check modelcar quantities only when they are there', () => {
    expect(accepted(storage({ cpuModelcar: '' })).storage.cpuModelcar).to.equal('10m');
    expect(refusal(storage({ cpuModelcar: 'lots' }))).to.include('"storageInitializer"."cpuModelcar"');
  });
  it('need the key', () => expect(refusal(parseSettings({}, 'kserve'))).to.include('"storageInitializer"."memoryRequest"'));
  it('refuse what is not JSON', () => expect(bad({ storageInitializer: 'x' })).to.include('unable to parse storageInitializer config json'));
  it('refuse unknown OCI modes', () =>
    expect(refusal(storage({ ociModelMode: 'magic' })))
      .to.include('ociModelMode')
      .and.include('magic'));
  it('refuse a user id that is no number', () => expect(refusal(storage({ uidModelcar: 'x' }))).to.include('uidModelcar'));

  const modes: [object, string, string][] = [
    [{}, '', 'disabled'],
    [{ enableModelcar: true }, '', 'modelcar'],
    [{ enableOciModelSupport: true }, '', 'modelcar'],
    [{ ociModelMode: 'native', enableModelcar: true }, 'native', 'native'],
    [{ ociModelMode: 'fetch' }, 'fetch', 'fetch'],
    [{ ociModelMode: 'modelcar' }, 'modelcar', 'modelcar'],
  ];
  for (const [fields, configuredOciMode, ociMode] of modes) {
    it(`OCI mode of ${JSON.stringify(fields)} is ${ociMode}`, () =>
      expect(accepted(storage(fields)).storage).to.include({ configuredOciMode, ociMode }));
  }
});

describe('the other settings', () => {
  it('read credentials (R3.202)', () => {
    const { credentials } = good({
      credentials: { storageSecretNameAnnotation: 'a', gcs: { gcsCredentialFileName: 'f' }, s3: { s3AccessKeyIDName: 'ID', s3UseHttps: '0' } },
    });
    expect(credentials).to.include({ storageSecretNameAnnotation: 'a', gcsCredentialFileName: 'f' });
    expect(credentials.s3).to.include({ accessKeyIdName: 'ID', useHttps: '0', region: '' });
    expect(good().credentials.s3.accessKeyIdName).to.equal('');
  });

  const lists: [string, string | undefined, string[]][] = [
    ['missing', undefined, ['certificates.kserve.io/expiration']],
    ['{}', '{}', ['certificates.kserve.io/expiration']],
    ['an empty list', '{"expirationAnnotations":[]}', ['certificates.kserve.io/expiration']],
    ['two keys', '{"expirationAnnotations":["b","a"]}', ['b', 'a']],
  ];
  for (const [what, scheduler, expected] of lists) {
    it(`expiration annotations, ${what} (R2.5)`, () =>
      expect(good(scheduler === undefined ? {} : { scheduler }).expirationAnnotations).to.deep.equal(expected));
  }
  it('refuse a scheduler key that is not JSON', () => expect(bad({ scheduler: 'not JSON' })).to.include('unable to parse scheduler config json'));

  describe('of autoscaling', () => {
    const key = 'autoscaling-wva-controller-config';
    const read = (document: unknown) => good({ [key]: document as string | object }).autoscaling;
    const failed = `failed to parse ${key} config json`;

    it('are absent when their key is (R6.11)', () => expect(good()).not.to.have.property('autoscaling'));

    it('have defaults (R6.10)', () =>
      expect(read({ prometheus: { url: 'http://p', tlsInsecureSkipVerify: true } })).to.deep.equal({
        prometheus: {
          url: 'http://p',
          tlsInsecureSkipVerify: true,
          authModes: '',
          triggerAuthName: '',
          triggerAuthKind: '',
          namespaceLabel: 'exported_namespace',
        },
      }));

    for (const [what, document] of [
      ['no JSON', '['],
      ['no object', '[]'],
      ['a number for a text', { prometheus: { url: 1 } }],
      ['a text for a truth value', { prometheus: { tlsInsecureSkipVerify: 'true' } }],
      ['a kind that KEDA does not know', { prometheus: { triggerAuthKind: 'Secret' } }],
      ['no label', { prometheus: { namespaceLabel: 'a-b' } }],
    ] as const) {
      it(`fail alone, and say why: ${what} (06 §12 items 15 and 16)`, () => {
        const settings = good({ [key]: document as string | object });
        expect(settings.autoscaling).to.deep.include({ rejected: true, reason: 'ReconcileScalingError', retry: false });
        expect((settings.autoscaling as Rejection).message).to.include(failed);
      });
    }

    it('name members that nobody reads (06 §12 item 16)', () => {
      const advice = (document: object) => readSettingsData({ storageInitializer, [key]: JSON.stringify(document) }, 'kserve').advice;
      expect(advice({ prometheus: { url: 'http://p', unsafeSsl: true }, wva: {} })).to.deep.equal([
        `${key}: nothing reads wva, prometheus.unsafeSsl`,
      ]);
      expect(advice({ prometheus: { url: 'http://p' } })).to.deep.equal([]);
      expect(readSettingsData({ [key]: '[' }, 'kserve').advice).to.deep.equal([]);
    });
  });

  it('pass on the metrics adapter document, whatever it is (R2.2a)', () => {
    expect(good()).not.to.have.property('metricsAdapter');
    expect(good({ 'autoscaling-metrics-adapter-config': { a: 1 } }).metricsAdapter).to.deep.equal({ a: 1 });
    expect(good({ 'autoscaling-metrics-adapter-config': 'oops' }).metricsAdapter).to.equal('oops');
  });

  it('a missing ConfigMap is a failure of its own (R1.100)', () =>
    expect(refusal(parseSettings(undefined, 'kserve'))).to.include('failed to load InferenceServiceConfigMap: '));
});

describe('settings of which a key cannot be read (B38 of chapter 1)', () => {
  const good = { storageInitializer, ingress: '{"ingressGateway":"x","urlScheme":"https"}', credentials: '{"storageSecretNameAnnotation":"a"}' };
  const read = (data: Record<string, string>, last?: ReturnType<typeof readSettingsData>) => readSettingsData(data, 'kserve', last);
  const broken: [string, string][] = [
    ['ingress', '{'],
    ['storageInitializer', '{}'],
    ['credentials', '[]'],
    ['scheduler', 'x'],
    ['autoscaling-wva-controller-config', '['],
  ];

  it('are the same as strictly parsed ones when all can be read', () => {
    const { settings: all, problems, good: known } = read(good);
    expect(all).to.deep.equal(accepted(parseSettings(good, 'kserve')));
    expect(problems).to.deep.equal([]);
    expect([...known.keys()]).to.have.members([...settingsKeys]);
  });

  for (const [key, text] of broken) {
    it(`keep the last good value of ${key}`, () => {
      const before = read(good);
      const { settings: all, problems } = read({ ...good, [key]: text }, before);
      expect(all).to.deep.equal(before.settings);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.include({ key, replaced: true });
      const strict = parseSettings({ ...good, [key]: text }, 'kserve');
      if (!problems[0]?.contained) expect(refusal(strict)).to.equal(`failed to load ingress config: ${problems[0]?.message}`);
    });

    it(`without a last good value of ${key} have all others`, () => {
      const { settings: all, problems } = read({ ...good, [key]: text });
      expect(problems.map(({ replaced }) => replaced)).to.deep.equal([false]);
      const unreadable = (['ingress', 'storage', 'credentials', 'expirationAnnotations', 'autoscaling'] as const).filter((field) => {
        try {
          return isRejection(all[field]);
        } catch (error) {
          expect(error).to.be.instanceOf(UnreadableSettings);
          expect((error as Error).message).to.match(/^failed to load ingress config: /);
          return true;
        }
      });
      expect(unreadable).to.have.length(1);
    });
  }

  it('keep a good value over several broken versions, and take the next good one', () => {
    const twice = read({ ...good, ingress: '[' }, read({ ...good, ingress: '{' }, read(good)));
    expect(twice.settings.ingress.urlScheme).to.equal('https');
    const mended = read({ ...good, ingress: '{"ingressGateway":"x"}' }, twice);
    expect(mended.settings.ingress.urlScheme).to.equal('http');
    expect(mended.problems).to.deep.equal([]);
  });

  it('change in the keys that can be read', () => {
    const { settings: all } = read({ ...good, ingress: '{', credentials: '{"storageSecretNameAnnotation":"b"}' }, read(good));
    expect(all.credentials.storageSecretNameAnnotation).to.equal('b');
  });

  it('name every broken key', () => {
    const { problems } = read({ ...good, ingress: '{', scheduler: 'x' }, read(good));
    expect(problems.map(({ key }) => key)).to.deep.equal(['ingress', 'scheduler']);
  });
});

describe('what counts as a change of settings (R2.6)', () => {
  const data = { storageInitializer, ingress: '{"ingressGateway":"x"}' };
  const same = (a: Record<string, string> | undefined, b: Record<string, string> | undefined): boolean => sameSettings(a, b, 'kserve');

  it('not: other keys, white space, fields that are not read', () => {
    expect(same(data, { ...data, logger: 'x' })).to.equal(true);
    expect(same(data, { ...data, ingress: '{ "ingressGateway": "x" , "ingressClassName": "istio"}' })).to.equal(true);
  });
  it('but: a value that is read, the adapter document', () => {
    expect(same(data, { ...data, ingress: '{"ingressGateway":"x","urlScheme":"https"}' })).to.equal(false);
    expect(same(data, { ...data, 'autoscaling-metrics-adapter-config': '{}' })).to.equal(false);
  });
  it('word by word when one side does not parse', () => {
    const broken = { ...data, ingress: '{' };
    expect(same(broken, { ...broken })).to.equal(true);
    expect(same(broken, { ...broken, other: 'x' })).to.equal(false);
    expect(same(undefined, data)).to.equal(false);
  });
});
