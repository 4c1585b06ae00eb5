/* quality_networks.c - the networks as scenarios. The first seven have reference figures. */
#include "test/simulation/quality.h"

#include "base/defs.h"

#define ONE_SERVER                                                                                 \
    "host server server\n"                                                                         \
    "node client\n"

#define CLOCK(freq, offset, wander)                                                                \
    " clock freq " freq " offset " offset " wander " wander " resolution 100ns\n"

static const struct quality_network networks[] = {
    {"lan",
     "duration 10000\n" ONE_SERVER CLOCK("5ppm", "10ms",
                                         "1e-10") " conf server server iburst minpoll 4 maxpoll 6\n"
                                                  "link client server delay 50us exp 10us\n",
     1000,
     10e-6,
     {6, 6, 2.05e-6, 5.03e-6, 1.07e-8, 173}},
    {"internet",
     "duration 40000\n" ONE_SERVER CLOCK("20ppm", "0.1",
                                         "1e-9") " conf server server iburst\n"
                                                 "link client server delay 15ms exp 2ms\n",
     4000,
     2e-3,
     {130, 5, 433e-6, 910e-6, 1.34e-7, 66}},
    {"wifi",
     "duration 40000\n" ONE_SERVER CLOCK("20ppm", "0.1",
                                         "1e-9") " conf server server iburst\n"
                                                 "link client server\n"
                                                 " up delay 1ms product 1.5ms 3\n"
                                                 " down delay 1ms product 4.5ms 3\n",
     4000,
     3e-3,
     {123, 5, 433e-6, 872e-6, 1.23e-7, 70}},
    {"vm",
     "duration 20000\n" ONE_SERVER CLOCK("20ppm", "0.1",
                                         "1e-7") " conf server server iburst\n"
                                                 "link client server delay 100us exp 50us\n",
     1000,
     50e-6,
     {8, 14, 118e-6, 497e-6, 2.40e-6, 313}},
    {"cold",
     "duration 4000\n" ONE_SERVER CLOCK("100ppm", "0.1",
                                        "1e-9") " conf server server iburst\n"
                                                "link client server delay 1ms exp 100us\n",
     300,
     100e-6,
     {13, 13, 25.9e-6, 58.7e-6, 9.66e-8, 31}},
    {"laptop",
     "duration 80000\n" ONE_SERVER CLOCK("20ppm", "0.1",
                                         "1e-9") " conf server server iburst\n"
                                                 "link client server delay 10ms exp 1ms\n"
                                                 "every 7400 from 0 link client server join\n"
                                                 "every 7400 from 600 link client server cut\n",
     8000,
     1e-3,
     {59, 6, 1.54e-3, 4.26e-3, 4.17e-7, 106}},
    {"falseticker",
     "duration 20000\n"
     "host near server offset 0.1\n"
     "host second server\n"
     "host third server\n"
     "host fourth server\n"
     "node client\n" CLOCK("20ppm", "0.1", "1e-9") " conf server near iburst\n"
                                                   " conf server second iburst\n"
                                                   " conf server third iburst\n"
                                                   " conf server fourth iburst\n"
                                                   "link client near delay 3ms exp 0.5ms\n"
                                                   "link client second delay 6ms exp 0.5ms\n"
                                                   "link client third delay 9ms exp 0.5ms\n"
                                                   "link client fourth delay 12ms exp 0.5ms\n",
     2000,
     0.5e-3,
     {32, 10, 209e-6, 373e-6, 6.12e-8, 187}},

    {"hardware",
     "duration 10000\n" ONE_SERVER CLOCK("5ppm", "10ms",
                                         "1e-10") " stamps hardware normal 100ns\n"
                                                  " conf server server iburst minpoll 0 maxpoll 4\n"
                                                  "link client server delay 2us normal 30ns\n",
     1000,
     130e-9,
     {0}},
    {"far",
     "duration 10000\n" ONE_SERVER CLOCK("50ppm", "-1000",
                                         "1e-9") " conf server server iburst\n"
                                                 " conf makestep 1 3\n"
                                                 "link client server delay 15ms exp 2ms\n",
     4000,
     2e-3,
     {0}},
    {"windows",
     "duration 80000\n" ONE_SERVER CLOCK("20ppm", "0.1",
                                         "1e-9") " conf server server iburst\n"
                                                 "link client server delay 10ms exp 1ms\n"
                                                 "every 7200 from 0 link client server join\n"
                                                 "every 7200 from 600 link client server cut\n",
     8000,
     1e-3,
     {0}},
    {"lossy",
     "duration 40000\n" ONE_SERVER CLOCK("20ppm", "0.1",
                                         "1e-9") " conf server server iburst\n"
                                                 "link client server delay 15ms exp 2ms loss 0.3\n",
     4000,
     2e-3,
     {0}},
    {"rare",
     "duration 400000\n" ONE_SERVER CLOCK(
         "20ppm", "0.1", "1e-9") " conf server server iburst minpoll 10 maxpoll 14\n"
                                 "link client server delay 15ms exp 2ms\n",
     40000,
     2e-3,
     {0}},
    {"daily",
     "duration 259200\n" ONE_SERVER
     " clock freq 20ppm offset 0.1 wander 1e-9 swing 3ppm resolution 100ns\n"
     " conf server server iburst\n"
     "link client server delay 15ms exp 2ms\n",
     8000,
     2e-3,
     {0}},
    {"reroute",
     "duration 40000\n" ONE_SERVER CLOCK("20ppm", "0.1",
                                         "1e-9") " conf server server iburst\n"
                                                 "link client server delay 15ms exp 2ms\n"
                                                 "at 20000 link client server delay 30ms exp 2ms\n",
     4000,
     2e-3,
     {0}},
};

const struct quality_network *quality_networks(int *count)
{
    *count = (int)ARRAY_LEN(networks);
    return networks;
}
