import { expect } from 'chai';
import { admissionWebhooks } from '../../../api/webhooks.ts';
import { ApiError } from '../../../controllers/runtime/api-error.ts';
import type { Verdict } from '../../../webhook/admission-review.ts';
import { review, serveWebhooks, type TestServer } from '../../support/webhook-client.ts';

const UID = '705ab4f5-6393-11e8-b7cc-42010a800002';
const LIMIT = 7 * 1024 * 1024;
const VALIDATE = '/validate-serving-kserve-io-v1alpha2-llminferenceservice';
const object = (kind: string, version: string, spec: object = {}) => ({
  apiVersion: `serving.kserve.io/${version}`,
  kind,
  metadata: { name: 'svc', namespace: 'ns' },
  spec,
});

describe('the webhook server', () => {
  let server: TestServer;
  before(async () => {
    server = await serveWebhooks();
  });
  after(() => server.stop());

  for (const { path, kind, version } of admissionWebhooks) {
    for (const reviewVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
      it(`answers at ${path} in ${reviewVersion}, with the uid of the question`, async () => {
        const { status, json } = await server.post(path, review('CREATE', { object: object(kind.kind, version) }, reviewVersion));
        expect(status).to.equal(200);
        expect(json).to.deep.include({ apiVersion: reviewVersion, kind: 'AdmissionReview' });
        expect(json.response).to.include({ uid: UID, allowed: true });
      });
    }

    it(`allows CONNECT at ${path}`, async () => {
      const { json } = await server.post(path, review('CONNECT', {}));
      expect(json.response).to.deep.equal({ uid: UID, allowed: true });
    });

    it(`wants an object of its kind and version at ${path} (R1.50)`, async () => {
      const other = version === 'v1alpha1' ? 'v1alpha2' : 'v1alpha1';
      for (const wrong of [null, 'text', 7, [], object(kind.kind, other), object('Pod', version), { ...object(kind.kind, version), spec: 'x' }]) {
        const { json } = await server.post(path, review('CREATE', { object: wrong }));
        expect(json.response, JSON.stringify(wrong)).to.include({ uid: UID, allowed: false });
        expect(json.response.status).to.include({ code: 400, status: 'Failure' });
        expect(json.response.status).to.not.have.any.keys('reason', 'details');
      }
    });

    it(`takes an object without a kind for one of its kind at ${path}`, async () => {
      const { json } = await server.post(path, review('CREATE', { object: { metadata: { name: 'svc' } } }));
      expect(json.response.allowed).to.equal(true);
    });
  }

  for (const { path } of admissionWebhooks.filter(({ verb }) => verb === 'validate')) {
    it(`refuses an unknown operation at ${path} with code 400 (R1.53)`, async () => {
      const { json } = await server.post(path, review('SCALE', {}));
      expect(json.response.status).to.include({ code: 400, message: 'unknown operation "SCALE"' });
    });
  }

  const unreadable: [string, string, number, string][] = [
    ['an empty body', '', 400, 'empty'],
    ['blanks', ' \n', 400, 'empty'],
    ['no JSON', '{"a":', 400, 'not JSON'],
    ['no object', '[]', 400, 'not a JSON object'],
    ['null', 'null', 400, 'not a JSON object'],
    ['another kind', '{"apiVersion":"v1","kind":"Pod"}', 400, 'expected an AdmissionReview'],
    ['another version', '{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","request":{}}', 400, 'expected an AdmissionReview'],
    ['no request', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', 400, 'no request'],
    ['a body above the limit', `{"a":"${'x'.repeat(LIMIT)}"}`, 413, 'too large'],
  ];
  for (const [what, body, code, text] of unreadable) {
    it(`answers ${what} with code ${code} inside the response (R1.47)`, async () => {
      const { status, json } = await server.post(VALIDATE, body);
      expect(status).to.equal(200);
      expect(json).to.include({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' });
      expect(json.response.allowed).to.equal(false);
      expect(json.response.status).to.include({ code });
      expect(json.response.status?.message).to.contain(text);
    });
  }

  it('reads a body of just the limit', async () => {
    const [start, end] = ['{"request":{"uid":"', '","operation":"CONNECT"}}'];
    const uid = 'x'.repeat(LIMIT - start.length - end.length);
    const { json } = await server.post(VALIDATE, start + uid + end);
    expect(json.response).to.deep.equal({ uid, allowed: true });
  });

  for (const contentType of ['text/plain', 'application/json; charset=utf-8', 'application/yaml', '']) {
    it(`refuses content type ${JSON.stringify(contentType)} with code 400 inside the response (R1.47)`, async () => {
      const { status, json } = await server.post(VALIDATE, review('CREATE', {}), { 'content-type': contentType });
      expect(status).to.equal(200);
      expect(json.response.status).to.include({ code: 400 });
      expect(json.response.status?.message).to.contain(`contentType=${contentType}`);
    });
  }

  for (const path of ['/', '/unknown', '/metrics', '/validate-serving-kserve-io-v1beta1-llminferenceservice', '/%E0%A4%A', '/convert/..%2f']) {
    it(`answers ${path} with 404`, async () => expect((await server.post(path, {})).status).to.equal(404));
  }

  describe('with handlers of any kind', () => {
    const denial = { metadata: {}, status: 'Failure', code: 422, reason: 'Invalid', message: 'no' };
    const verdicts: Record<string, () => Verdict | Promise<Verdict>> = {
      '/warns': () => ({ allowed: true, warnings: ['one', 'two'] }),
      '/warns-and-denies': () => ({ allowed: false, warnings: ['one'], status: denial }),
      '/patches': () => ({ allowed: true, patch: [{ op: 'add', path: '/a', value: 'ü' }] }),
      '/throws': () => {
        throw new Error('broken');
      },
      '/rejects': () => Promise.reject(new TypeError('later')),
      '/throws-text': () => {
        throw 'text';
      },
      '/api-error': () => {
        throw new ApiError(404, { kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'configmaps "x" not found' });
      },
    };
    let any: TestServer;
    before(async () => {
      any = await serveWebhooks({ handlers: new Map(Object.entries(verdicts)) });
    });
    after(() => any.stop());
    const answer = async (path: string) => (await any.post(path, review('CREATE', {}))).json.response;

    it('returns warnings, also with a denial (R1.52)', async () => {
      expect(await answer('/warns')).to.deep.equal({ uid: UID, allowed: true, warnings: ['one', 'two'] });
      expect(await answer('/warns-and-denies')).to.deep.equal({ uid: UID, allowed: false, warnings: ['one'], status: denial });
    });
    it('returns a JSON patch in base64', async () => {
      const { patch = '', patchType } = await answer('/patches');
      expect(patchType).to.equal('JSONPatch');
      expect(JSON.parse(Buffer.from(patch, 'base64').toString())).to.deep.equal([{ op: 'add', path: '/a', value: 'ü' }]);
    });
    it('turns what a handler throws into a denial with code 500, and goes on (R1.50)', async () => {
      for (const [path, message] of [
        ['/throws', 'panic: broken [recovered]'],
        ['/rejects', 'panic: later [recovered]'],
        ['/throws-text', 'panic: text [recovered]'],
      ] as const) {
        const { allowed, status } = await answer(path);
        expect(allowed).to.equal(false);
        expect(status).to.include({ code: 500, message });
      }
      expect((await answer('/warns')).allowed).to.equal(true);
    });
    it('passes on the Status of an error of the API server (R1.50)', async () => {
      expect((await answer('/api-error')).status).to.include({ code: 404, reason: 'NotFound', message: 'configmaps "x" not found' });
    });
  });
});
