import type { Config } from '@darkroom/infra/config'
import { createFakeProvider } from '../../testing/fake.ts'
import { createDemoProvider } from './demo/demo.ts'
import type { Provider } from './provider.ts'

/** The providers that the configuration names. The demo is always there: it needs no key and no network. */
export function configuredProviders(config: Pick<Config, 'FAKE_PROVIDER_URL'>): Provider[] {
  const fake = config.FAKE_PROVIDER_URL ? [createFakeProvider({ url: config.FAKE_PROVIDER_URL })] : []
  return [createDemoProvider(), ...fake]
}
