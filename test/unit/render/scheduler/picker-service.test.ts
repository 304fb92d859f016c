import { expect } from 'chai';
import { contextOf, objectOf, presetScheduler, selectorLabels, stageOf, stagesOf } from './fixture.ts';

describe("the picker's Service", () => {
  it('offers the four ports of the preset, sorted by name (R4.85)', () => {
    expect(objectOf(stagesOf(contextOf({ router: { scheduler: presetScheduler() } })), 'Service', 'demo-epp-service').spec).to.deep.equal({
      selector: selectorLabels,
      ports: [
        { name: 'grpc', port: 9002, targetPort: 'grpc', protocol: 'TCP' },
        { name: 'grpc-health', port: 9003, targetPort: 'grpc-health', protocol: 'TCP' },
        { name: 'metrics', port: 9090, targetPort: 'metrics', protocol: 'TCP' },
        { name: 'zmq', port: 5557, targetPort: 'zmq', protocol: 'TCP' },
      ],
    });
  });

  it('takes the last port of a name from all containers and leaves out what is not there', () => {
    const ports = [
      { name: 'grpc', containerPort: 9002 },
      { name: 'debug', containerPort: 1 },
    ];
    const scheduler = presetScheduler({ ports });
    const containers = [...(scheduler.template?.containers ?? []), { name: 'proxy', ports: [{ name: 'grpc', containerPort: 19002 }] }];
    const stages = stagesOf(contextOf({ router: { scheduler: { ...scheduler, template: { ...scheduler.template, containers } } } }));
    const { spec } = objectOf(stages, 'Service', 'demo-epp-service');
    expect(spec).to.deep.equal({ selector: selectorLabels, ports: [{ name: 'grpc', port: 19002, targetPort: 'grpc' }] });
  });

  it('has the name that the pool refers to; Services of former names go (R4.2, B4.11)', () => {
    const scheduler = presetScheduler();
    const pool = { spec: { ...scheduler.pool?.spec, endpointPickerRef: { name: 'my-epp' } } };
    const live = [
      ['demo-epp-service', 'uid-demo'],
      ['my-epp', 'uid-demo'],
      ['foreign', 'uid-other'],
    ].map(([name = '', uid = '']) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name,
        namespace: 'ml',
        labels: selectorLabels,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'owner', uid, controller: true }],
      },
    }));
    const absent = (stages: ReturnType<typeof stagesOf>) => stageOf(stages, 'schedulerService').absent.map(({ name }) => name);
    const renamed = stagesOf(contextOf({ router: { scheduler: { ...scheduler, pool } } }), live);
    expect(objectOf(renamed, 'Service', 'my-epp').metadata.name).to.equal('my-epp');
    expect(absent(renamed)).to.deep.equal(['demo-epp-service']);
    expect(absent(stagesOf(contextOf({}), live))).to.deep.equal(['demo-epp-service', 'my-epp']);
  });
});
