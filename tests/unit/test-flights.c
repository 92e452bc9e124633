/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-flights.c - xen-scan-back/flights.c: requests that are not answered yet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flights.h"

static struct flights flights;

static int start(void **state)
{
    (void)state;
    flights = (struct flights){ .serial = 0 };
    return 0;
}

static struct flight *begin(uint32_t id)
{
    const struct scan_request req = { .id = id, .size = id };

    return flights_begin(&flights, &req, 1000 + id);
}

static void found_by_either_id(void **state)
{
    struct flight *flight = begin(0);

    (void)state;
    assert_non_null(flight);
    assert_int_equal(flight->taken_us, 1000);
    assert_true(flight->pool_id > 0);
    assert_ptr_equal(flights_by_id(&flights, 0), flight);
    assert_ptr_equal(flights_by_pool_id(&flights, flight->pool_id), flight);
    assert_null(flights_by_id(&flights, 1));
    assert_null(flights_by_pool_id(&flights, flight->pool_id + FLIGHTS_MAX));
    assert_null(flights_by_pool_id(&flights, 0));
    flight->pool_id = 0;
    assert_null(flights_by_id(&flights, 0));
    assert_null(flights_by_pool_id(&flights, 0));
}

static void an_id_is_in_flight_once(void **state)
{
    struct flight *flight = begin(7);
    const uint64_t before = flight->pool_id;

    (void)state;
    assert_null(begin(7));
    flight->pool_id = 0;
    flight = begin(7);
    assert_non_null(flight);
    /* To the pool it is another one. */
    assert_true(flight->pool_id != before);
    assert_null(flights_by_pool_id(&flights, before));
}

static void as_many_as_the_ring_holds(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < FLIGHTS_MAX; id++)
        assert_non_null(begin(id));
    assert_int_equal(flights_count(&flights), FLIGHTS_MAX);
    assert_null(begin(FLIGHTS_MAX));
    assert_int_equal(flights.serial, FLIGHTS_MAX);
    flights_by_id(&flights, 5)->pool_id = 0;
    assert_int_equal(flights_count(&flights), FLIGHTS_MAX - 1);
    assert_non_null(begin(FLIGHTS_MAX));
}

static void another_connection(void **state)
{
    const uint64_t before = begin(7)->pool_id;

    (void)state;
    flights_forget(&flights);
    assert_int_equal(flights_count(&flights), 0);
    assert_non_null(begin(7));
    assert_null(flights_by_pool_id(&flights, before));
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(found_by_either_id), TEST(an_id_is_in_flight_once),
        TEST(as_many_as_the_ring_holds), TEST(another_connection),
    };

    return cmocka_run_group_tests_name("flights", tests, NULL, NULL);
}
