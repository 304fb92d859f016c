import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { answer, type IssuedCertificate, type Question } from '../../../api/inquiry.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { issueServingCertificate } from '../../../controllers/serving-certificate.ts';
import { renderCertificate } from '../../../render/certificate.ts';
import type { Context } from '../../../render/children.ts';
import { answersFrom } from '../../support/answers.ts';
import { NAMESPACE, NOW, ownedByLlama, workloadContext } from '../../support/workload-fixtures.ts';

const EXPIRATION = 'certificates.kserve.io/expiration';
const NEWER = 'certificates.kserve.io/expiration-v2';
const SECRET = 'llama-kserve-self-signed-certs';
const partLabels = { 'app.kubernetes.io/name': 'llama', 'app.kubernetes.io/part-of': 'llminferenceservice' };
const standardNames = ['llama-kserve-workload-svc.ml.svc', 'llama-kserve-workload-svc.ml.svc.cluster.local', 'localhost'];

const DAY = 24 * 3600 * 1000;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const years = (count: number) => NOW + count * 365.25 * 24 * 3600 * 1000;
const time = (milliseconds: number) => new Date(milliseconds).toISOString();

/** Renders, and notes the names and addresses of a certificate that is asked for. */
function render(context: Context, objects: readonly object[] = []) {
  const asked: Extract<Question, { ask: 'certificate' }>[] = [];
  const fromList = answersFrom(objects);
  const secret = answer(renderCertificate(context), (question) => {
    if (question.ask !== 'certificate') return fromList(question);
    asked.push(question);
    return { key: 'new key', certificate: 'new certificate', ca: 'new certificate' };
  });
  return { secret: secret as KubeObject & { data: Record<string, string> }, asked };
}

const pod = (podIP: string | undefined, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${podIP}`, namespace: NAMESPACE, labels: { ...partLabels, ...labels } },
  status: podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] },
});
const service = (clusterIP: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `svc-${clusterIP}`, namespace: NAMESPACE, labels: { ...partLabels, ...labels } },
  spec: { clusterIP, clusterIPs: [clusterIP] },
});

describe('the certificate Secret', () => {
  it('is made for the names of the workload Service and loopback', () => {
    const { secret, asked } = render(workloadContext());
    expect(asked).to.deep.equal([{ ask: 'certificate', dnsNames: standardNames, ipAddresses: ['127.0.0.1'] }]);
    expect(secret).to.deep.include({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      data: { 'tls.key': base64('new key'), 'tls.crt': base64('new certificate'), 'ca.crt': base64('new certificate') },
    });
    expect(secret.metadata).to.deep.include({
      name: SECRET,
      labels: { 'app.kubernetes.io/component': 'llminferenceservice-workload', ...partLabels },
      annotations: { [EXPIRATION]: '2033-12-30T00:00:00Z' },
    });
  });

  it('writes the first of several expiration keys', () => {
    const { secret } = render(workloadContext({ expirationAnnotations: [NEWER, EXPIRATION] }));
    expect(Object.keys(secret.metadata.annotations ?? {})).to.deep.equal([NEWER]);
  });

  it('is also for the endpoint picker and the tokenizer, in the domain of the cluster', () => {
    const scheduler = { pool: { spec: { endpointPickerRef: { name: 'picker' } } }, tokenizer: {} };
    const { asked } = render(workloadContext({ spec: { router: { scheduler } }, options: { clusterDomain: 'corp.example' } }));
    expect(asked[0]?.dnsNames).to.deep.equal([
      'llama-kserve-workload-svc.ml.svc',
      'llama-kserve-workload-svc.ml.svc.corp.example',
      'llama-tokenizer.ml.svc',
      'llama-tokenizer.ml.svc.corp.example',
      'localhost',
      'picker.ml.svc',
      'picker.ml.svc.corp.example',
    ]);
  });

  it('asks an external pool for its endpoint picker, and falls back to the spec', () => {
    const scheduler = { pool: { ref: { name: 'shared' }, spec: { endpointPickerRef: { name: 'fallback' } } } };
    const pool = {
      apiVersion: 'inference.networking.k8s.io/v1',
      kind: 'InferencePool',
      metadata: { name: 'shared', namespace: NAMESPACE },
      spec: { endpointPickerRef: { name: 'external' } },
    };
    const context = workloadContext({ spec: { router: { scheduler } } });
    expect(render(context, [pool]).asked[0]?.dnsNames).to.include('external.ml.svc');
    expect(render(context).asked[0]?.dnsNames).to.include('fallback.ml.svc');
  });

  it('is for the addresses of pods and Services, but of nothing that has none, and not of the scheduler', () => {
    const scheduler = { 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' };
    const objects = [
      pod('10.0.0.2'),
      pod('fd00::1'),
      pod(undefined),
      pod(''),
      pod('10.0.0.3', scheduler),
      service('10.96.0.1'),
      service('None'),
      service('10.96.0.2', scheduler),
    ];
    expect(render(workloadContext(), objects).asked[0]?.ipAddresses).to.deep.equal(['10.0.0.2', '10.96.0.1', '127.0.0.1', 'fd00::1']);
  });
});

describe('a live certificate', () => {
  let issued: IssuedCertificate;
  let expired: IssuedCertificate;
  let ending: IssuedCertificate;
  before(async () => {
    const names = { dnsNames: [...standardNames, 'more.example.com'], ipAddresses: ['127.0.0.1', '10.0.0.2', 'fd00::1'] };
    issued = await issueServingCertificate(names, NOW);
    expired = await issueServingCertificate(names, years(-13));
    ending = await issueServingCertificate(names, NOW - 12 * 365 * DAY + 29 * DAY);
  });

  const live = (pair: IssuedCertificate, annotations: Record<string, string> = {}, change: Record<string, string | undefined> = {}): KubeObject => {
    const data = { 'tls.key': base64(pair.key), 'tls.crt': base64(pair.certificate), 'ca.crt': base64(pair.ca), ...change };
    const present = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
    return ownedByLlama({ apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET, annotations }, data: present });
  };
  const bothKeys = workloadContext({ expirationAnnotations: [NEWER, EXPIRATION] });
  const future = time(years(1));
  const past = time(years(-1));

  const kept: [string, () => readonly object[]][] = [
    ['that is good for more than is wanted', () => [live(issued)]],
    ['when pods have addresses it is good for', () => [live(issued), pod('10.0.0.2'), pod('fd00:0:0::1')]],
    ['when a pod has no address yet', () => [live(issued), pod(undefined), service('None')]],
    ['whose old expiration key is still in time', () => [live(issued, { [EXPIRATION]: future })]],
    ['whose first expiration key is in time, whatever the second says', () => [live(issued, { [NEWER]: future, [EXPIRATION]: past })]],
    ['whose expiration cannot be read', () => [live(issued, { [NEWER]: 'soon', [EXPIRATION]: past })]],
    ['that has no CA', () => [live(issued, {}, { 'ca.crt': undefined })]],
  ];
  for (const [title, objects] of kept) {
    it(`is kept ${title}`, () => {
      const { secret, asked } = render(bothKeys, objects());
      expect(asked).to.deep.equal([]);
      expect(secret.data).to.deep.equal({
        'tls.key': base64(issued.key),
        'tls.crt': base64(issued.certificate),
        'ca.crt': base64(issued.certificate),
      });
    });
  }

  const renewed: [string, () => readonly object[]][] = [
    ['expired by the old key', () => [live(issued, { [EXPIRATION]: past })]],
    ['expired by the first of two keys', () => [live(issued, { [NEWER]: past, [EXPIRATION]: future })]],
    ['that has run out, whatever its annotation says', () => [live(expired, { [EXPIRATION]: future })]],
    ['whose own end is near, whatever its annotation says', () => [live(ending, { [EXPIRATION]: future })]],
    ['without key', () => [live(issued, {}, { 'tls.key': undefined })]],
    ['without certificate', () => [live(issued, {}, { 'tls.crt': undefined })]],
    ['whose certificate is no PEM', () => [live(issued, {}, { 'tls.crt': base64('junk') })]],
    ['whose key is not PKCS#8', () => [live(issued, {}, { 'tls.key': base64(issued.key.replaceAll('PRIVATE KEY', 'EC PRIVATE KEY')) })]],
    ['whose key cannot be parsed', () => [live(issued, {}, { 'tls.key': base64('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n') })]],
    ['that lacks the address of a pod', () => [live(issued), pod('10.0.0.9')]],
  ];
  for (const [title, objects] of renewed) {
    it(`is renewed when it is one ${title}`, () => expect(render(bothKeys, objects()).asked).to.have.length(1));
  }

  it('is renewed when it lacks a name', () => {
    const context = workloadContext({ spec: { router: { scheduler: { tokenizer: {} } } } });
    expect(render(context, [live(issued)]).asked).to.have.length(1);
  });

  it('keeps the expiry it has, under the key it is under, so that nothing is written', () => {
    expect(render(bothKeys, [live(issued, { [EXPIRATION]: future, other: 'x' })]).secret.metadata.annotations).to.deep.equal({
      [EXPIRATION]: future,
    });
  });

  it('was made as R3.283 says', () => {
    const parsed = new X509Certificate(issued.certificate);
    expect(parsed.subject).to.equal('O=Kserve Self Signed');
    expect(parsed.ca).to.equal(false);
    expect(Date.parse(parsed.validTo) - Date.parse(parsed.validFrom)).to.equal(12 * 365 * 24 * 3600 * 1000);
  });
});
