/* `trapline report DIR... [-o FILE]`: one HTML page about the folders of --stats runs. Called by main.c. */
#ifndef FRONTEND_REPORT_H
#define FRONTEND_REPORT_H

#include "base/why.h"

/* argv[0] is "report". 0, or negative errno with *why. */
int report_command(int argc, char **argv, struct why *why);

#endif
