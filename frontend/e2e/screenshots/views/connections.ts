import type { Connection, Connections } from '@darkroom/contracts/connection'
import type { Page } from 'playwright-core'

const HOUR_MS = 3_600_000

/** Serves a list of connections in every state in place of the studio's, and answers each draft as one that works. */
export async function serveConnections(page: Page): Promise<void> {
  const list = buildConnections(Date.now())
  await page.route('**/api/connections', async route => {
    if (route.request().method() === 'GET') return await route.fulfill({ json: list })
    const { kind } = route.request().postDataJSON()
    const draft = build({ id: 'draft', kind, draft: true, checkResult: 'It works: 3 image models. Checking was free.' })
    list.connections = [...list.connections.filter(({ id }) => id !== draft.id), draft]
    await route.fulfill({ status: 201, json: draft })
  })
  await page.route('**/api/connections/*', route => route.fulfill({ status: 204 }))
}

/** The views of the page, by name: how each is reached from the list. */
export const CONNECTION_VIEWS: Record<string, (page: Page) => Promise<void>> = {
  connections: async () => {},
  'connections-menu': async page => {
    await page.getByRole('button', { name: 'Actions for attic' }).click()
    await page.getByRole('menu').waitFor()
  },
  'connections-add': async page => {
    await page.getByRole('region', { name: 'Connections' }).getByRole('link', { name: 'Add a connection' }).click()
    await page.getByLabel('OpenAI API key').fill('sk-a-key-for-the-picture')
    await page.getByText('It works.').waitFor()
  },
  'connections-limits': async page => {
    await page.getByRole('region', { name: 'Connections' }).getByRole('link', { name: 'Add a connection' }).click()
    await page.getByLabel('OpenAI API key').fill('sk-a-key-for-the-picture')
    await page.getByText('It works.').waitFor()
    await page.getByText('Limits: works on').click()
  },
  'connections-change': async page => {
    await page.getByRole('button', { name: 'Actions for attic' }).click()
    await page.getByRole('menuitem', { name: 'Change' }).click()
    await page.getByText('What this server takes').click()
  },
  'connections-remove': async page => {
    await page.getByRole('button', { name: 'Actions for attic' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await page.getByRole('dialog').waitFor()
  },
}

function buildConnections(now: number): Connections {
  const at = (hours: number) => new Date(now - hours * HOUR_MS).toISOString()
  const server = { kind: 'openai-compatible', key: 'none' } as const
  return {
    connections: [
      build({ id: 'openai', key: 'environment', variable: 'OPENAI_API_KEY', locked: true, slots: 2 }),
      build({ ...server, id: 'attic', name: 'attic', baseUrl: 'http://192.168.1.20:8080/v1', models: 9, slots: 1 }),
      build({
        id: 'client-work',
        name: 'Client work',
        state: {
          kind: 'wrong-key',
          since: at(1),
          error: 'OpenAI does not accept the key. Replace it, then it is checked at once.',
        },
      }),
      build({
        id: 'second-account',
        name: 'Second account',
        budgetMicros: 20_000_000,
        spentMicros: 3_200_000,
        state: {
          kind: 'no-credit',
          since: at(30),
          error: 'This account has no credit left. Add some, then check again.',
        },
      }),
      build({
        ...server,
        id: 'together',
        name: 'Together',
        baseUrl: 'https://api.together.xyz/v1',
        state: { kind: 'limited', until: at(-0.2) },
      }),
      build({
        ...server,
        id: 'workshop',
        name: 'workshop',
        baseUrl: 'http://10.0.0.7:7860/v1',
        state: { kind: 'unreachable', since: at(2), error: 'The server does not answer. Is it running?' },
      }),
      build({ id: 'demo', kind: 'demo', name: 'Demo', key: 'none', locked: true, models: 1 }),
    ],
    budget: { limitMicros: 50_000_000, spentMicros: 12_400_000, reservedMicros: 0, renewsAt: at(-72) },
  }
}

function build(connection: Partial<Connection>): Connection {
  return {
    id: 'openai',
    kind: 'openai',
    name: 'OpenAI',
    baseUrl: null,
    key: 'stored',
    variable: null,
    locked: false,
    draft: false,
    state: { kind: 'ok' },
    slots: 2,
    maxOpenCalls: 64,
    budgetMicros: null,
    assumedMicros: null,
    failoverModel: null,
    spentMicros: 0,
    dialect: null,
    checkedAt: new Date().toISOString(),
    checkResult: null,
    modelsAt: new Date().toISOString(),
    models: 4,
    ...connection,
  }
}
