import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { processesWith, type RunningCommand, startCommand } from '../support/run-command.ts';

const PATIENCE_MS = 180_000;

/** The port of the API server stands in its command line, and in those of nothing else. */
async function expectNothingLeft({ output }: RunningCommand): Promise<void> {
  const [, port] = /API server at https:\/\/127\.0\.0\.1:(\d+)/.exec(output()) ?? [];
  expect(port, output()).to.be.a('string');
  await eventually(async () => expect(await processesWith('kube-apiserver', `--secure-port=${port}`)).to.deep.equal([]));
}

async function untilPrinted({ output, child }: RunningCommand, text: string): Promise<void> {
  await eventually(() => {
    if (child.exitCode !== null && !output().includes(text)) return;
    expect(output()).to.contain(text);
  }, PATIENCE_MS);
  expect(output()).to.contain(text);
}

describe('llmisvc demo', function () {
  this.timeout(2 * PATIENCE_MS);

  it('ends with the tree of a ready service and its URL, and leaves nothing behind', async () => {
    const demo = startCommand('demo');
    expect(await demo.ended, demo.output()).to.equal(0);
    const [, tree = ''] = demo.output().split('\n\n✓');
    expect(tree).to.match(/^ LLMInferenceService demo\/qwen2-5-7b\n/);
    expect(tree).to.match(/├─ ✓ Deployment qwen2-5-7b-kserve +1\/1 ready\n/);
    expect(tree).to.match(/✓ HTTPRoute qwen2-5-7b-kserve-route +accepted by kserve-ingress-gateway\n/);
    expect(tree).to.match(/✓ InferencePool .* accepted by kserve-ingress-gateway\n/);
    expect(tree).to.match(/· InferencePool .* stands by: the route leads to the other one\n/);
    expect(tree).to.match(/ {2}Ready +True\n/);
    expect(tree).to.match(/URL {2}http:\/\/192\.0\.2\.10\/demo\/qwen2-5-7b\n/);
    expect(demo.output()).to.not.contain('✗');
    await expectNothingLeft(demo);
  });

  for (const moment of ['Kubernetes API server at', 'applied LLMInferenceService']) {
    it(`ends cleanly by Ctrl-C after "${moment}"`, async () => {
      const demo = startCommand('demo');
      await untilPrinted(demo, moment);
      demo.child.kill('SIGINT');
      expect(await demo.ended, demo.output()).to.be.oneOf([130, 'SIGINT']);
      expect(demo.output()).to.not.match(/ at .*\.ts:\d+/);
      await expectNothingLeft(demo);
    });
  }
});
