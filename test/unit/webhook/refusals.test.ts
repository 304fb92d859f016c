import { expect } from 'chai';
import { review, serveWebhooks, type TestServer } from '../../support/webhook-client.ts';

const CONVERT = '/convert';
const VALIDATE = '/validate-serving-kserve-io-v1alpha2-llminferenceservice';
const MEBIBYTE = 1024 * 1024;
const conversion = (kind?: string): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  ...(kind === undefined ? {} : { kind }),
  request: { uid: '1', desiredAPIVersion: 'serving.kserve.io/v1alpha1', objects: [] },
});

describe('what the webhook server refuses', () => {
  let server: TestServer;
  before(async () => {
    server = await serveWebhooks();
  });
  after(() => server.stop());

  const refused: [string, string | object, Readonly<Record<string, string>>, number][] = [
    ['another content type', conversion('ConversionReview'), { 'content-type': 'application/yaml' }, 415],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['no JSON', '{', {}, 400],
    ['nothing', '', {}, 400],
    ['another kind', conversion('AdmissionReview'), {}, 400],
    ['no request', { kind: 'ConversionReview' }, {}, 400],
  ];
  for (const [what, body, headers, status] of refused) {
    it(`gets HTTP status ${status} and a line in the log, where it is no conversion review: ${what}`, async () => {
      const before = server.messages.length;
      const answer = await server.post(CONVERT, body, headers);
      expect(answer.status).to.equal(status);
      expect(server.messages.slice(before)).to.deep.equal([answer.text]);
    });
  }

  it('is nothing about a conversion review that says its character set, or leaves out its kind', async () => {
    for (const [body, contentType] of [
      [conversion('ConversionReview'), 'application/json; charset=utf-8'],
      [conversion(), 'application/json'],
    ] as const) {
      const { status, json } = await server.post(CONVERT, body, { 'content-type': contentType });
      expect(status).to.equal(200);
      expect(json.response.result?.status).to.equal('Success');
    }
  });

  it('is a review of more than 7 MiB, with code 413 inside the response; one of two large objects is decided on (R1.47)', async () => {
    const object = (size: number) => ({
      apiVersion: 'serving.kserve.io/v1alpha2',
      kind: 'LLMInferenceService',
      metadata: { name: 'big', namespace: 'ns', annotations: { text: 'x'.repeat(size) } },
      spec: { model: { uri: 'hf://a/b' } },
    });
    const both = (size: number): object => review('UPDATE', { object: object(size), oldObject: object(size) });
    expect((await server.post(VALIDATE, both(3 * MEBIBYTE))).json.response.allowed).to.equal(true);
    const before = server.messages.length;
    const { status, json } = await server.post(VALIDATE, both(4 * MEBIBYTE));
    expect({ status, code: json.response.status?.code }).to.deep.equal({ status: 200, code: 413 });
    expect(server.messages.slice(before)).to.have.length(1);
  });

  it('is a review of an unknown kind, with code 400 inside the response', async () => {
    const { status, json } = await server.post(VALIDATE, review('CREATE', { object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } } }));
    expect({ status, code: json.response.status?.code }).to.deep.equal({ status: 200, code: 400 });
  });
});
