import { runProcessor } from '../src/processor.ts'
import { createConfiguredProviders } from '../src/providers/configured-providers.ts'
import { createFakeProvider } from './fake-provider.ts'

/** The processor of the test studios: it has the fake provider beside the configured ones. */
await runProcessor(({ FAKE_PROVIDER_URL: url }) => [
  ...createConfiguredProviders(),
  ...(url === undefined ? [] : [createFakeProvider({ url })]),
])
