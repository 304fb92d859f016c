import { execFile, spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { openWebhookSite, type WebhookSite } from '../support/webhook-site.ts';

const MODEL = { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' };

describe('kubectl', function () {
  this.timeout(60_000);
  let site: WebhookSite;
  before(async function () {
    if (spawnSync('kubectl', ['version', '--client']).error) this.skip();
    site = await openWebhookSite('kubectl');
  });
  after(() => site?.close());

  interface Result {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  /** The webhooks run in this process, so it must not wait. */
  const kubectl = (args: readonly string[], input = ''): Promise<Result> =>
    new Promise((resolve) => {
      const flags = ['--kubeconfig', site.kubeconfig, '--namespace', site.namespace];
      const child = execFile('kubectl', [...flags, ...args], (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }));
      child.stdin?.end(input);
    });
  const manifest = (spec: string, name = 'by-hand'): string =>
    `apiVersion: serving.kserve.io/v1alpha2\nkind: LLMInferenceService\nmetadata:\n  name: ${name}\nspec:\n  model: {uri: "${MODEL.uri}"}\n${spec}`;

  it('a broken manifest is answered with what is wrong, and where', async () => {
    const { code, stderr } = await kubectl(['apply', '-f', '-'], manifest('  router:\n    scheduler: {replicas: 0}\n    route: {weight: 1}\n'));
    expect(code).to.equal(1);
    expect(stderr).to.contain('spec.router.route.group: Required value: weight requires group');
    expect(stderr).to.contain('spec.router.scheduler.replicas: Invalid value: 0: scheduler replicas must be greater than zero');
  });

  it('a good one is applied, changed and deleted, and warnings are shown', async () => {
    const gateway = '{name: g, namespace: x}';
    const spec = `  router:\n    gateway: {refs: [${gateway}]}\n    route: {http: {spec: {parentRefs: [${gateway}]}}}\n`;
    const created = await kubectl(['apply', '-f', '-'], manifest(spec));
    expect(created.stdout).to.contain('llminferenceservice.serving.kserve.io/by-hand created');
    expect(created.stderr).to.contain('Warning: spec.router.route.http.spec.parentRefs can be omitted');
    const smaller = manifest('  replicas: 3\n');
    expect((await kubectl(['apply', '-f', '-'], smaller)).stdout).to.contain('configured');
    expect((await kubectl(['apply', '-f', '-'], smaller)).stdout).to.contain('unchanged');
    expect((await kubectl(['get', 'llminferenceservices.v1alpha1.serving.kserve.io', 'by-hand', '-o', 'jsonpath={.spec.replicas}'])).stdout).to.equal(
      '3',
    );
    expect((await kubectl(['delete', 'llmisvc', 'by-hand', '--wait=false'])).code).to.equal(0);
  });

  it('server-side apply works in both versions', async () => {
    const apply = (text: string) => kubectl(['apply', '--server-side', '-f', '-'], text);
    expect((await apply(manifest('', 'ssa'))).stderr).to.equal('');
    const older = await apply(manifest('  replicas: 2\n', 'ssa').replace('v1alpha2', 'v1alpha1'));
    expect(older.stderr).to.equal('');
    expect(older.code).to.equal(0);
  });
});
