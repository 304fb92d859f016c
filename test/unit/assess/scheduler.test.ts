import { expect } from 'chai';
import { answer } from '../../../api/inquiry.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { assessScheduler, judgeDeployment, schedulerFailed } from '../../../assess/scheduler.ts';
import { cluster, contextOf, presetScheduler } from '../render/scheduler/fixture.ts';

const deployment = (name: string, status: object): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'ml' },
  status,
});
const available = (status: string) => ({ type: 'Available', status, reason: 'MinimumReplicasUnavailable', message: 'no minimum' });
const stuck = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' };

describe('the condition of a Deployment of the scheduler (R4.120)', () => {
  const cases: [string, object, object][] = [
    ['one available replica', { availableReplicas: 1, conditions: [stuck, available('False')] }, { status: 'True' }],
    [
      'an exceeded deadline',
      { conditions: [available('False'), stuck] },
      { status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    ],
    ['available', { conditions: [available('True')] }, { status: 'True' }],
    ['not available', { conditions: [available('False')] }, { status: 'False', reason: 'MinimumReplicasUnavailable', message: 'no minimum' }],
    ['unknown', { conditions: [available('Unknown')] }, { status: 'False', reason: 'MinimumReplicasUnavailable', message: 'no minimum' }],
    [
      'another reason not to progress',
      { conditions: [{ ...stuck, reason: 'Other' }] },
      { status: 'False', reason: 'Progressing', message: 'Deployment rollout in progress' },
    ],
    ['no condition', {}, { status: 'False', reason: 'Progressing', message: 'Deployment rollout in progress' }],
  ];
  for (const [title, status, expected] of cases) {
    it(title, () => {
      expect(judgeDeployment('T', deployment('d', status))).to.deep.equal({ type: 'T', ...expected });
    });
  }
});

describe('the conditions of a scheduler', () => {
  const assess = (spec: LLMInferenceServiceSpec, objects: KubeObject[] = [], stopped = false) =>
    answer(assessScheduler(contextOf(spec, { stopped })), cluster(objects));
  const template = { containers: [{ name: 'main' }] };

  it('are False for a stopped service, also where there never was a tokenizer (R4.72, R4.121)', () => {
    expect(assess({}, [], true)).to.deep.equal([
      { type: 'SchedulerWorkloadReady', status: 'False', reason: 'Stopped', message: 'Service is stopped' },
      { type: 'TokenizerReady', status: 'False', reason: 'Stopped', message: 'Service is stopped' },
      { type: 'SchedulerConfigValid', clear: true },
    ]);
  });

  it('are gone when nothing is managed', () => {
    for (const spec of [{}, { router: { scheduler: { ...presetScheduler(), tokenizer: { template }, pool: { ref: { name: 'theirs' } } } } }]) {
      expect(assess(spec)).to.deep.equal([
        { type: 'SchedulerWorkloadReady', clear: true },
        { type: 'TokenizerReady', clear: true },
        { type: 'SchedulerConfigValid', clear: true },
      ]);
    }
  });

  it('follow the live Deployments', () => {
    const objects = [
      deployment('demo-kserve-router-scheduler', { availableReplicas: 1 }),
      deployment('demo-tokenizer', { conditions: [available('False')] }),
    ];
    expect(assess({ router: { scheduler: presetScheduler({}, { tokenizer: { template } }) } }, objects)).to.deep.equal([
      { type: 'SchedulerWorkloadReady', status: 'True' },
      { type: 'TokenizerReady', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'no minimum' },
      { type: 'SchedulerConfigValid', clear: true },
    ]);
    expect(assess({ router: { scheduler: presetScheduler() } }, objects)[1]).to.deep.equal({ type: 'TokenizerReady', clear: true });
  });

  it('say what is wrong with the configuration, wherever it stands (B4.4)', () => {
    const judge = (scheduler: object, main: object = {}) => assess({ router: { scheduler: presetScheduler(main, scheduler) } })[2];
    const told = (reason: string, message: string) => ({ type: 'SchedulerConfigValid', status: 'False', reason, message });
    const head = { apiVersion: 'llm-d.ai/v1alpha1', kind: 'EndpointPickerConfig' };
    expect(judge({ config: { inline: { ...head, plugins: [{ type: 'queue-scorer' }] } } })).to.deep.equal({
      type: 'SchedulerConfigValid',
      clear: true,
    });
    expect(judge({ config: { inline: 'just a word' } })).to.deep.equal(
      told('InvalidSchedulerConfig', 'EndpointPickerConfig: is no EndpointPickerConfig'),
    );
    expect(judge({ config: { inline: { ...head, plugins: [{ type: 'custom-plugin' }] } } })).to.deep.include({
      status: 'False',
      reason: 'UnknownPlugin',
    });
    expect(judge({}, { args: ['--config-text', 'kind: EndpointPickerConfig'] })).to.deep.equal(
      told('InvalidSchedulerConfig', 'EndpointPickerConfig.apiVersion: should be llm-d.ai/v1alpha1 and is missing'),
    );
    expect(judge({}, { args: ['--config-file', '/etc/picker.yaml'] })).to.deep.equal({ type: 'SchedulerConfigValid', clear: true });
  });

  it('say what failed (R4.6)', () => {
    const failed = {
      type: 'SchedulerWorkloadReady',
      status: 'False',
      reason: 'SchedulerReconcileError',
      message: 'Failed to reconcile scheduler: why',
    };
    expect(schedulerFailed('why', 'pools')).to.deep.equal([failed]);
    expect(schedulerFailed('why', 'tokenizer')).to.deep.equal([
      failed,
      { type: 'TokenizerReady', status: 'False', reason: 'TokenizerReconcileError', message: 'Failed to reconcile tokenizer: why' },
    ]);
  });
});
