/** What migrations need of a driver that comes without types. */
declare module 'pg' {
  export class Client {
    constructor(options: { connectionString: string })
    connect(): Promise<void>
    end(): Promise<void>
    on(event: 'error', hear: (error: Error) => void): this
  }
}
