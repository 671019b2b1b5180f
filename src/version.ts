declare const PEEKAPI_VERSION: string | undefined

/** Of package.json, put in by the build; unit tests run the source and need no version. */
export const VERSION: string = typeof PEEKAPI_VERSION === 'string' ? PEEKAPI_VERSION : '0.0.0-source'
