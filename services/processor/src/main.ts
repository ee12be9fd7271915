import { runProcessor } from './processor.ts'
import { configuredProviders } from './providers/configured-providers.ts'

await runProcessor(configuredProviders)
