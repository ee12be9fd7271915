import type { Generation, Submission } from '@darkroom/contracts/generation'
import { describeProblem, OutOfReach } from '../api.ts'
import type { Delivery, Generations } from './generation-window.ts'
import { addSent, deliver, merge, withdraw } from './merge.ts'
import type { Unsent, UnsentOrders } from './outbox-store.ts'

/** Something to make: what it looks like until the studio answers, and what the studio is told once its references are there. */
export interface Order {
  /** What is kept of it until the studio has answered. */
  unsent: Unsent
  submission: () => Promise<Submission>
  /** Called once the studio has answered or the order was taken back: nothing that only this page has is shown any more. */
  onDone: () => void
}

export interface OrdersOptions {
  now: () => Generations
  keep: (now: Generations) => void
  generate: (submission: Submission) => Promise<Generation>
  unsent: UnsentOrders
  /** Calls something after so many milliseconds. */
  later?: (work: () => void, milliseconds: number) => void
}

const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 30_000

/** What was asked for and the studio has not answered for yet. */
export function createOrders({ now, keep, generate, unsent, later = setTimeout }: OrdersOptions) {
  const orders = new Map<string, Order>()
  let pause = FIRST_PAUSE_MS
  let trying: 'when asked' | 'soon' = 'when asked'

  /** Shows an order at once, keeps it, and sends it. */
  async function send(order: Order) {
    void unsent.keep(order.unsent)
    await resume(order)
  }

  /** Goes on with an order that was kept: shows it, and sends it unless it was refused. */
  async function resume(order: Order) {
    const { generation, problem } = order.unsent
    orders.set(generation.clientId, order)
    keep(addSent(now(), generation))
    if (problem === null) await post(order)
    if (problem !== null) keep(deliver(now(), generation.clientId, { state: 'refused', problem }))
  }

  /** Sends an order once more, under the same `clientId`: however often it arrives, it is one generation. */
  async function sendAgain(key: string) {
    keep(deliver(now(), key, { state: 'sending' }))
    await tryAgain(key)
  }

  async function tryAgain(key: string) {
    const order = orders.get(key)
    if (order && (await unsent.isWanted(key))) await post(order)
    else takeBack(key)
  }

  async function post(order: Order) {
    const { clientId } = order.unsent.generation
    try {
      const generation = await generate(await order.submission())
      pause = FIRST_PAUSE_MS
      end(clientId)
      keep(merge(now(), [generation]))
      order.onDone()
    } catch (error) {
      const fate = fateOf(error)
      keep(deliver(now(), clientId, fate))
      if (fate.state === 'refused') void unsent.keep({ ...order.unsent, problem: fate.problem })
      if (fate.state === 'waiting') sendSoon()
    }
  }

  /** Sends what waits for the studio to be in reach. */
  async function sendWaiting() {
    const waiting = now().sent.filter(row => row.delivery?.state === 'waiting')
    await Promise.all(waiting.map(row => tryAgain(row.key)))
  }

  /** A part of the studio may be away while events still come: nobody says then that it is back. */
  function sendSoon() {
    if (trying === 'soon') return
    trying = 'soon'
    later(() => {
      trying = 'when asked'
      void sendWaiting()
    }, pause)
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
  }

  /** Takes an order back that has not reached the studio. */
  function takeBack(key: string) {
    keep(withdraw(now(), key))
    orders.get(key)?.onDone()
    end(key)
  }

  function end(key: string) {
    orders.delete(key)
    void unsent.forget(key)
  }

  return { send, resume, sendAgain, sendWaiting, takeBack }
}

type Fate = Exclude<Delivery, { state: 'sending' }>

function fateOf(error: unknown): Fate {
  if (error instanceof OutOfReach) return { state: 'waiting' }
  return { state: 'refused', problem: describeProblem(error) }
}
