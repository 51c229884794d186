// What a part of the sandbox is to the rest of the script.

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} address for people: where it listens
 * @property {number[]} ports TCP ports that must be free before it starts
 * @property {string[]} after the parts that have to be ready first
 * @property {() => [string, ...string[]]} command
 * @property {() => Promise<boolean>} ready
 * @property {() => Record<string, string>} [files] its configuration; if a file changes, the part is started anew
 * @property {NodeJS.ProcessEnv} [environment]
 * @property {boolean} [onDemand] whether `up` leaves it alone until it has been started by its name
 * @property {boolean} [inside] whether it lives in the sandbox's mount namespace
 * @property {() => Promise<void>} [prepare] what has to be done right before it starts
 * @property {() => Promise<void>} [settle] what has to be done as soon as it is ready, each time it is looked after
 * @property {number} [seconds] how long it may take to be ready
 */

export {};
