/* faults.h - what servers do wrong, and packets that strangers send.
 *
 * WORLD_FAULTS holds rules "FROM UNTIL NODE FIELD VALUE", separated by semicolons: between these
 * seconds answers of that node (0: of all) differ in the field. WORLD_PACKETS names a file of lines
 * "TIME NODE FROM-PORT TO-PORT HEX": datagrams that reach the program then. */
#ifndef TEST_INTERPOSE_FAULTS_H
#define TEST_INTERPOSE_FAULTS_H

#include "world.h"

/* Is there no answer at all? */
bool faults_silence(int node);
/* How much the node's clock is ahead of the truth, and how much longer its answers take. */
double faults_offset_s(int node);
double faults_delay_s(int node);
/* Change a correct answer. */
void faults_spoil(int node, struct packet *p);
/* Send what strangers send; once. */
void faults_strangers(void);

#endif
