/** A request that a fake has received. */
export interface WireRequest {
  method: string
  path: string
  headers: Record<string, string>
  /** Its beginning, as text. */
  body: string
}

/** A running fake of a provider's HTTP API. It listens on loopback. */
export interface WireFake extends AsyncDisposable {
  /** Base URL, as a connection has it. */
  url: string
  /** The key that it accepts. */
  key: string
  /** Switches one fault on, or all of them off. */
  setFault(fault: string | null): void
  /** Number of submissions received, whether or not they were answered. */
  posts(): number
  /** The hidden invoice: the submissions that began work, with their price. */
  billed(): { micros: number; trace: string }[]
  requests(): WireRequest[]
}
