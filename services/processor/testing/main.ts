import { runProcessor } from '../src/processor.ts'
import { createBuiltInAdapters } from '../src/providers/built-in-adapters.ts'
import { createFakeAdapter } from './fake-adapter.ts'

/** The processor of the test studios: it has the fake provider beside the configured ones. */
await runProcessor(({ FAKE_PROVIDER_URL: url }) => [
  ...createBuiltInAdapters(),
  ...(url === undefined ? [] : [createFakeAdapter({ url })]),
])
