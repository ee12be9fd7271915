import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { startTestStudio } from '../../../infra/testing/studio/test-studio.ts'
import { openPage, startBrowser } from '../browser.ts'
import { CONNECTION_VIEWS, serveConnections } from './connections.ts'
import { serveUsage } from './usage.ts'

/** The sizes at which every view is drawn. */
const SIZES = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
} as const

const THEMES = ['dark', 'light'] as const

await using studio = await startTestStudio()
await using browser = await startBrowser()
const folder = process.argv[2] ?? join('.darkroom', 'screenshots')
await mkdir(folder, { recursive: true })
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const theme of THEMES) {
    for (const name of Object.keys(CONNECTION_VIEWS)) {
      const path = join(folder, `${name}-${size}-${theme}.png`)
      await drawConnections(browser, name, { path, viewport, colorScheme: theme })
      process.stdout.write(`${path}\n`)
    }
    const path = join(folder, `usage-${size}-${theme}.png`)
    await drawUsage(browser, { path, viewport, colorScheme: theme })
    process.stdout.write(`${path}\n`)
  }
}

interface DrawOptions {
  path: string
  viewport: { width: number; height: number }
  colorScheme: 'dark' | 'light'
}

/** Draws a view of the page of connections into a file. */
async function drawConnections(browser: Browser, name: string, { path, ...options }: DrawOptions): Promise<void> {
  const page = await openStudio(browser, options)
  await serveConnections(page)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('heading', { name: 'attic' }).waitFor()
  await CONNECTION_VIEWS[name]?.(page)
  await page.screenshot({ path })
  await page.context().close()
}

/** Draws the page Usage into a file. */
async function drawUsage(browser: Browser, { path, ...options }: DrawOptions): Promise<void> {
  const page = await openStudio(browser, options)
  await serveUsage(page)
  await page.getByRole('link', { name: 'Usage' }).click()
  await page.getByRole('slider').waitFor()
  await page.screenshot({ path })
  await page.context().close()
}

async function openStudio(browser: Browser, options: Omit<DrawOptions, 'path'>): Promise<Page> {
  const isMobile = options.viewport.width < 640
  const context = { ...options, isMobile, hasTouch: isMobile, reducedMotion: 'reduce' } as const
  return (await openPage(browser, studio.url, context)).page
}
