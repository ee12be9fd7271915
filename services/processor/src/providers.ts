import type { Config } from '@darkroom/infra/config'
import { createDemoProvider } from './providers/demo.ts'
import { createFakeProvider } from './providers/fake.ts'
import type { Provider } from './providers/provider.ts'

/** The providers that the configuration names. The demo is always there: it needs no key and no network. */
export function configuredProviders(config: Pick<Config, 'FAKE_PROVIDER_URL'>): Provider[] {
  const fake = config.FAKE_PROVIDER_URL ? [createFakeProvider({ url: config.FAKE_PROVIDER_URL })] : []
  return [createDemoProvider(), ...fake]
}
