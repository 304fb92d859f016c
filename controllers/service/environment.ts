import type { Options } from '../../api/options.ts';
import type { AppliedConfig } from '../../api/types.ts';
import type { Distribution } from '../../assess/distribution.ts';
import type { ServerVersion } from '../../assess/image-volumes.ts';
import type { Caches } from '../caches.ts';
import type { Dependencies } from '../dependencies.ts';
import type { DirectRead } from '../direct-reads.ts';
import type { Applier } from '../runtime/apply.ts';
import type { Client } from '../runtime/client.ts';
import type { EventRecorder } from '../runtime/events.ts';
import type { Log } from '../runtime/log.ts';
import type { ServedKinds } from '../runtime/served-kinds.ts';
import type { SettingsReader } from '../settings.ts';
import type { WrittenObjects } from '../written-objects.ts';
import type { News } from './news.ts';
import type { StoredService } from './pass.ts';
import type { SpecValidator } from './validation.ts';

/** What the service reconciler works with. */
export interface ServiceEnvironment {
  readonly client: Client;
  readonly options: Options;
  readonly distribution: Distribution;
  readonly caches: Caches;
  readonly settings: SettingsReader;
  readonly served: ServedKinds;
  readonly read: DirectRead;
  readonly applier: Applier;
  readonly validator: SpecValidator;
  readonly events: EventRecorder;
  readonly dependencies: Dependencies;
  readonly news: News;
  readonly written: WrittenObjects<StoredService>;
  /** Sees to it that a config stays as long as it is used. */
  protectConfig(config: Pick<AppliedConfig, 'namespace' | 'name'>): Promise<void>;
  readonly log: Log;
  /** The version of the API server, undefined when it cannot be read. */
  serverVersion(): Promise<ServerVersion | undefined>;
  /** Milliseconds since the epoch. */
  now(): number;
}
