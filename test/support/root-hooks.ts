import type { RootHookObject } from 'mocha';
import { findBinaries } from '../../control-plane/binaries.ts';
import { cluster, log } from './cluster.ts';
import { stopShared } from './shared-operator.ts';

const BUILD_TIMEOUT_MS = 30 * 60_000;

/**
 * A run with tests against a control plane gets it ready here, where it may take its time: minutes when it has to be built first.
 * A run of unit tests alone starts nothing. What goes wrong is told to the tests that ask for the cluster, and stops no others.
 */
export const mochaHooks: RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    if (!needsCluster(this.test?.parent)) return;
    this.timeout(BUILD_TIMEOUT_MS);
    await findBinaries({ log })
      .then(cluster)
      .catch(() => undefined);
  },
  afterAll: stopShared,
};

function needsCluster(suite: Mocha.Suite | undefined): boolean {
  if (!suite) return false;
  return /\/test\/(cluster|e2e)\//.test(suite.file ?? '') || suite.suites.some(needsCluster);
}
