import { runProcessor } from '../src/processor.ts'
import { createConfiguredProviders } from '../src/providers/configured-providers.ts'
import { createFakeProvider } from './fake-provider.ts'

/** The processor that tests start: beside the configured providers it knows the fake one, which production does not. */
await runProcessor(({ FAKE_PROVIDER_URL: url }) => [
  ...createConfiguredProviders(),
  ...(url === undefined ? [] : [createFakeProvider({ url })]),
])
