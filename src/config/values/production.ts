/** Whether an environment is production by its name: `production`, `prod-eu`, `live`. */
export const isProductionName = (name: string): boolean => /(?:^|[-_. /])(?:production|prod|prd|live)(?:[-_. /]|\d*$)/i.test(name);
