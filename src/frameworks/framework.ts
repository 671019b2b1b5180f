import type { Recognize } from '../capture/exchange.ts'

/** A file of a package that is observed, and the releases in which it looks as the patch expects. */
export interface ObservedModule {
  /** The file as it stands under `node_modules`. What it exports is patched in place. */
  readonly path: string
  /** An ES module takes hooks of another kind. */
  readonly format?: 'module'
  /** Tested range, `>=4.16 <5`. Outside of it the framework's requests are captured by path. */
  readonly versions: string
}

/** A diagnostics channel on which a framework shows itself: seen in any module system, and in bundles. */
export interface ObservedChannel {
  readonly channel: string
  /** The package that publishes on it. */
  readonly package: string
  /** Tested range of that package, as above. */
  readonly versions: string
  readonly versionOf: (message: unknown) => unknown
}

/** One line of the registry: all that must be known before anything of a framework is loaded. */
export interface Registration {
  /** As it stands in `metadata.framework` and in PEEKAPI_DISABLED_FRAMEWORKS. */
  readonly name: string
  /** For the documentation: which releases. */
  readonly supported: string
  /** For the documentation: how it is observed. */
  readonly observed: string
  readonly modules: readonly ObservedModule[]
  readonly channels?: readonly ObservedChannel[]
  /**
   * Whether a listener for requests is one of its applications: bundled ones were not seen as they loaded, and can still
   * be patched when their server starts to listen.
   */
  readonly isApplication?: (listener: object) => boolean
  /** Has a `recognize`: nothing of it needs to be observed as it loads. */
  readonly recognizes?: true
  /** Loads the framework's file; called when one of its modules or channels first shows. */
  readonly load: () => Framework
}

/** What a framework's file exports. */
export interface Framework {
  /**
   * Patches a module's exports in place. Called once for each copy of each observed module,
   * and must leave alone what it has patched before. Called as well for each message of an observed channel.
   *
   * @param exports What the module exports, or the message.
   * @param path The matching `ObservedModule.path`, or the name of the channel.
   */
  patch?(exports: unknown, path: string): void
  /** Patches what an application that listens was made of, if that was not seen as it loaded. */
  adopt?(application: object): void
  /** Tells of every exchange that is over what this framework did in it, by the marks it left. Never throws. */
  readonly recognize?: Recognize
}
