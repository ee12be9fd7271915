import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/**
 * Creates what finds violations of accessibility on a page. In its other mode axe opens a page of its own for each run, for frames of other
 * origins, of which there are none: that takes more time than the rules.
 */
export function createAxe(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode()
}
